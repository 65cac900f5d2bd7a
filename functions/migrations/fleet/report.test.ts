import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { TargetRecord } from './records.ts';
import { markdownOfTargets, summarise } from './report.ts';
import { addSums, sumOf } from './sums.ts';

const target = (index: number, more: Partial<TargetRecord>): TargetRecord => ({
  index,
  databaseId: 'db_1',
  database: 'shop',
  schema: `t_${index}`,
  wave: index === 0 ? 0 : 1,
  status: 'done',
  attempt: 1,
  migrationId: `mig_${index}`,
  failure: null,
  reason: null,
  startedAt: '2026-01-01T00:00:00.000Z',
  endedAt: null,
  durationMs: 100 * (index + 1),
  ...more,
});
const failure = (name: string): TargetRecord['failure'] => ({
  name,
  message: `${name} happened`,
  action: null,
  phase: null,
  at: '2026-01-01T00:00:00.000Z',
  evidence: {},
});

it('sums up by wave, groups failures by their name and exclusions by their reason', () => {
  const fleet = {
    targets: 7,
    waves: [
      { name: 'canary', from: 0, to: 1 },
      { name: '100%', from: 1, to: 6 },
    ],
  };
  const records = [
    target(0, {}),
    target(1, {}),
    target(2, { status: 'failed', failure: failure('StatementFailed') }),
    target(3, { status: 'failed', failure: failure('StatementFailed') }),
    target(4, { status: 'excluded', reason: 'audit', durationMs: null }),
  ];
  const { waves, counts, failures, exclusions } = summarise(fleet, sumOf(records), [{ excluded: 'audit' }]);
  expect(waves).toMatchObject([
    { name: 'canary', targets: 1, counts: { done: 1, pending: 0 }, p50Ms: 100, p99Ms: 100 },
    { name: '100%', targets: 5, counts: { done: 1, failed: 2, excluded: 1, pending: 1 }, p50Ms: 200 },
  ]);
  expect(counts).toEqual({ pending: 1, running: 0, done: 2, failed: 2, excluded: 2, undone: 0 });
  expect(failures).toMatchObject([
    { name: 'StatementFailed', targets: 2, examples: ['shop/t_2', 'shop/t_3'] },
  ]);
  expect(exclusions).toEqual([{ reason: 'audit', targets: 2 }]);
});

it('comes to the same however the targets are split up before they are summed', () => {
  const fleet = { targets: 60, waves: [{ name: '100%', from: 0, to: 60 }] };
  const one = fc.record({
    status: fc.constantFrom('done', 'failed', 'excluded', 'undone', 'running', 'undo_failed' as const),
    durationMs: fc.option(fc.nat(5_000)),
    reason: fc.constantFrom('audit', 'later'),
    failure: fc.constantFrom(failure('StatementFailed'), failure('LockBudgetExceeded')),
  });
  fc.assert(
    fc.property(fc.array(one, { maxLength: 60 }), fc.array(fc.nat(60)), (many, cuts) => {
      const records = many.map((more, index) => target(index, { wave: 0, ...more }));
      const at = [0, ...cuts.toSorted((a, b) => a - b), 60];
      const pieces = at.slice(1).map((to, n) => sumOf(records.slice(at[n], to)));
      const added = pieces.reduce(addSums, sumOf([]));
      expect(summarise(fleet, added, [])).toEqual(summarise(fleet, sumOf(records), []));
    }),
  );
});

it('lists every target with its duration and what it failed with, in cells that stay cells', () => {
  const one = { index: 0, database: 'shop', schema: 't_1', wave: 'canary', attempt: 2, migration: 'mig_1' };
  const text = markdownOfTargets([
    { ...one, status: 'done', failure: null, reason: null, durationMs: 1_234 },
    { ...one, status: 'failed', failure: failure('a|b'), reason: null, durationMs: null },
  ]);
  expect(text).toContain('| shop/t_1 | canary | done | 2 | 1.23 s | mig_1 |  |');
  expect(text).toContain('| a\\|b: a\\|b happened |');
});
