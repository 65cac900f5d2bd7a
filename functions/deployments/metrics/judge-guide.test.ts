import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { JudgeCriteria } from '#judge/criteria.ts';
import { judge } from '#judge/judge.ts';
import { Sample } from '#judge/samples.ts';
import { MetricSource } from './schemas.ts';

const guide = readFileSync(join(import.meta.dirname, '..', '..', '..', 'docs', 'judge.md'), 'utf8');
const blocks = [...guide.matchAll(/^```(\w+) (\w+)(?: (\d+))?\n(.*?)^```$/gms)].map(
  ([, , kind = '', count = '1', text = '']) => ({ kind, count: Number(count), text }),
);

/** The moment of a sample's end or beginning: ten seconds each. */
const moment = (at: number) =>
  `2026-01-01T00:${String(Math.floor(at / 6)).padStart(2, '0')}:${(at % 6) * 10 || '00'}.000Z`;

describe('the guide to the judge', () => {
  it('gets the judgements it shows', () => {
    let criteria = JudgeCriteria.parse({});
    let samples: Sample[] = [];
    let shown = 0;
    for (const { kind, count, text } of blocks) {
      if (kind === 'criteria') criteria = JudgeCriteria.parse(JSON.parse(text));
      if (kind === 'samples') {
        samples = Array.from({ length: count }, (_, at) =>
          Sample.parse({ ...JSON.parse(text), from: moment(at), to: moment(at + 1) }),
        );
      }
      if (kind !== 'judgement') continue;
      const { verdict, why } = judge(samples, criteria);
      expect([verdict, ...why]).toEqual(text.trim().split('\n'));
      shown += 1;
    }
    expect(shown).toBe(5);
  });

  it('says what the defaults are', () => {
    const all = blocks.find(({ kind, text }) => kind === 'criteria' && text.includes('minPairs'));
    expect(JudgeCriteria.parse({})).toEqual(JSON.parse(all?.text ?? ''));
  });

  it('shows sources of every kind', () => {
    const sources = blocks.filter(({ kind }) => kind === 'source').map(({ text }) => JSON.parse(text));
    expect(sources.map((source) => MetricSource.parse(source).kind)).toEqual([
      'gateway',
      'cloudwatch',
      'http-query',
    ]);
  });
});
