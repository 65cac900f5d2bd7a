import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { compareDescriptions, readDescription } from '#compatibility/descriptions.ts';
import { LevelOverrides, overrideLevels } from '#compatibility/levels.ts';
import { Usage } from '#compatibility/usage.ts';
import { diffText } from './diff-text.ts';

const guide = readFileSync(new URL('../../docs/api-diff.md', import.meta.url), 'utf8');
const blocks = (kind: string) =>
  [...guide.matchAll(new RegExp(`\`\`\`${kind}\\n(.*?)\`\`\``, 'gs'))].map(([, text = '']) => text);
const yaml = blocks('yaml');

it('docs/api-diff.md shows what is said of its own example', () => {
  const [old, next] = yaml.slice(0, 2).map((text) => readDescription(text));
  if (!old || !next) throw new Error('Expected two descriptions in docs/api-diff.md');
  const verdict = compareDescriptions(old, next, { today: '2026-11-22' });
  expect(diffText(verdict, 'old.yaml', 'new.yaml')).toBe(blocks('text')[0]);
});

it('docs/api-diff.md shows levels and usage that are read', () => {
  const levels = LevelOverrides.parse(parse(yaml[3] ?? ''));
  expect(levels).toHaveLength(2);
  expect(() => overrideLevels([], levels, new Set(levels.map(({ rule }) => rule)))).not.toThrow();
  expect(Usage.safeParse(JSON.parse(blocks('json')[0] ?? '')).error).toBeUndefined();
});
