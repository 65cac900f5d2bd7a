import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { compileChain } from './chain.ts';
import { prepareChanges } from './prepare.ts';

const guide = readFileSync(new URL('../../docs/api-transformations.md', import.meta.url), 'utf8');
const now = () => performance.now();

interface Example {
  older: unknown;
  newer: unknown;
  back?: unknown;
}

const blocks = [...guide.matchAll(/```(yaml|json)\n([\s\S]*?)```/g)].map(([, kind, text = '']) => ({
  kind,
  text,
}));
const changes = blocks.filter(({ kind, text }) => kind === 'yaml' && text.startsWith('- id:'));
const examples = blocks.flatMap(({ kind, text }, at): [string, string, Example][] => {
  const next = blocks[at + 1];
  if (kind !== 'yaml' || next?.kind !== 'json') return [];
  const operations = parse(text) as { op: string }[];
  return [[operations.map(({ op }) => op).join(', '), text, JSON.parse(next.text) as Example]];
});

it('has an example of nearly every operation', () => {
  expect(examples.map(([name]) => name)).toHaveLength(10);
  expect(changes).toHaveLength(2);
});

it.each(examples)('%s does what the guide says', async (_, operations, { older, newer, back }) => {
  const list: unknown = parse(operations);
  const change = { id: 'example', description: '', endpoints: 'all', request: list, response: list };
  const chain = await compileChain(await prepareChanges([change], { now }), { now });
  const up = (body: unknown) => chain.request('POST /a', { query: {}, headers: {}, body }).body;
  const down = (body: unknown) => chain.response('POST /a', { status: 200, headers: {}, body }).body;
  expect(up(older)).toEqual(newer);
  expect(down(newer)).toEqual(back ?? older);
  chain.dispose();
});

it.each(changes)('a whole change can be registered: %#', async ({ text }) => {
  expect(await prepareChanges(parse(text), { now })).toHaveLength(1);
});
