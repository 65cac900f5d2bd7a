import { isDeepStrictEqual, parseArgs } from 'node:util';
import jsonata from 'jsonata';
import { compileChain } from '#transformations/chain.ts';
import type { VersionChange } from '#transformations/schemas.ts';
import {
  declared,
  downByHand,
  expression,
  order,
  upByHand,
  withJsonata,
  withOneExpression,
  withTypescript,
} from './transform/orders.ts';

// How long a document of 10 kB takes through a chain of ten versions, up and down, next to JSON.parse and
// JSON.stringify of it, to the same written by hand, and to JSONata alone. See docs/benchmarks.md for how to read it.

const { values: flags } = parseArgs({
  options: {
    documents: { type: 'string', default: '2000' },
    rounds: { type: 'string', default: '7' },
    json: { type: 'boolean', default: false },
  },
});
const [documents, rounds] = [Number(flags.documents), Number(flags.rounds)];
if (![documents, rounds].every((number) => Number.isSafeInteger(number) && number > 0)) {
  console.error('--documents and --rounds are whole numbers above 0.');
  process.exit(2);
}

const ENDPOINT = 'POST /orders';
const now = () => performance.now();
const older = order();
const text = JSON.stringify(older);
const newer = upByHand(older);

interface Way {
  name: string;
  up: () => unknown;
  down: () => unknown;
  /** A program takes longer: so many times fewer documents of it tell as much. */
  fewer: number;
}

async function chained(name: string, changes: readonly VersionChange[], fewer = 1): Promise<Way> {
  const chain = await compileChain(changes, { now });
  const request = { query: {}, headers: {}, body: older };
  const newest = chain.request(ENDPOINT, request);
  const response = { status: 200, headers: {}, body: newest.body };
  if (fewer === 1 && !isDeepStrictEqual(newest.body, newer))
    throw new Error(`${name} gives another document`);
  return {
    name,
    up: () => chain.request(ENDPOINT, request),
    down: () => chain.response(ENDPOINT, response),
    fewer,
  };
}

const alone = { up: jsonata(expression.up), down: jsonata(expression.down) };
const ways: Way[] = [
  await chained('declared', declared),
  { name: 'by hand', up: () => upByHand(older), down: () => downByHand(newer), fewer: 1 },
  { name: 'JSON.parse', up: () => JSON.parse(text), down: () => JSON.parse(text), fewer: 1 },
  { name: 'JSON.stringify', up: () => JSON.stringify(older), down: () => JSON.stringify(newer), fewer: 1 },
  await chained('one JSONata for all lines', withOneExpression, 10),
  await chained('one JSONata for each line', withJsonata, 20),
  {
    name: 'JSONata alone',
    up: () => alone.up.evaluate(older),
    down: () => alone.down.evaluate(newer),
    fewer: 10,
  },
  await chained('one TypeScript', withTypescript, 10),
];

/** Microseconds a document; a promise is waited for. */
async function timed(work: () => unknown, times: number): Promise<number> {
  const start = performance.now();
  for (let time = 0; time < times; time++) {
    const result = work();
    if (result instanceof Promise) await result;
  }
  return ((performance.now() - start) * 1_000) / times;
}

const median = (all: readonly number[]) => all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0;
const taken = ways.map((way) => ({ ...way, ups: [] as number[], downs: [] as number[] }));
// One round to warm up; then each round runs all of them, so that what else the machine does falls upon all alike.
for (let round = 0; round <= rounds; round++) {
  for (const way of taken) {
    const times = Math.max(5, Math.round(documents / way.fewer));
    const [up, down] = [await timed(way.up, times), await timed(way.down, times)];
    if (round > 0) {
      way.ups.push(up);
      way.downs.push(down);
    }
  }
}

const rounded = (value: number) => Math.round(value * 10) / 10;
const results = taken.map(({ name, ups, downs }) => ({
  name,
  up: rounded(median(ups)),
  down: rounded(median(downs)),
}));
const worse = (name: string) => {
  const found = results.find((one) => one.name === name);
  return found ? Math.max(found.up, found.down) : 0;
};
const summary = {
  us_per_document: worse('declared'),
  us_by_hand: worse('by hand'),
  us_parse_and_stringify: rounded(worse('JSON.parse') + worse('JSON.stringify')),
  us_with_jsonata: worse('one JSONata for all lines'),
  us_with_jsonata_per_line: worse('one JSONata for each line'),
  us_jsonata_alone: worse('JSONata alone'),
  us_with_typescript: worse('one TypeScript'),
};
console.log(`${text.length} bytes, 10 versions, microseconds a document, medians of ${rounds} rounds\n`);
console.table(Object.fromEntries(results.map(({ name, up, down }) => [name, { up, down }])));
if (flags.json) console.log(JSON.stringify({ bytes: text.length, ...summary, runs: results }));
