import { buildSchema } from 'graphql';
import { describe, expect, it } from 'vitest';
import { announcedElements } from '#compatibility/graphql/announced.ts';
import { compareSchemas } from '#compatibility/graphql/compare.ts';
import { brokenOperations, usageOfOperations } from '#compatibility/graphql/operations.ts';
import { weighByUsage } from '#compatibility/usage.ts';
import type { Strategy } from './schemas.ts';
import { refusalOf } from './strategies.ts';

const today = '2026-11-22';
const window = { from: '2026-10-22T00:00:00Z', to: '2026-11-22T00:00:00Z', version: '1.0.0' };

/** What a strategy says of a step, with operations that are known. */
function refusal(
  strategy: Strategy,
  [from, to]: [string, string],
  { operations = ['{ a }'], force = false }: { operations?: string[]; force?: boolean } = {},
) {
  const [old, next] = [buildSchema(from), buildSchema(to)];
  const recorded = operations.map((document) => ({
    client: 'shop',
    document,
    requests: 3,
    lastSeen: '2026-11-20T00:00:00Z',
  }));
  const usage = operations.length > 0 ? usageOfOperations(recorded, old, window) : undefined;
  const changes = compareSchemas(old, next, { today, usage });
  const former = announcedElements(old).map(({ type, field }) => `${type}.${field}`);
  return refusalOf({
    strategy,
    force,
    changes: usage ? weighByUsage(changes, usage) : changes,
    broken: brokenOperations(recorded, old, next),
    deprecated: announcedElements(next).filter(({ type, field }) => !former.includes(`${type}.${field}`)),
    operationsKnown: operations.length > 0,
    today,
  });
}

const more: [string, string] = ['type Query { a: Int }', 'type Query { a: Int b: Int }'];
const less: [string, string] = ['type Query { a: Int b: Int }', 'type Query { a: Int }'];
const deprecates = (reason: string): [string, string] => [
  'type Query { a: Int b: Int }',
  `type Query { a: Int b: Int @deprecated${reason === '' ? '' : `(reason: "${reason}")`} }`,
];
const goes = (reason: string): [string, string] => [deprecates(reason)[1], 'type Query { a: Int }'];

describe('the strategy', () => {
  it.each<[Strategy, string, [string, string], object, string | undefined]>([
    ['additive', 'adds', more, {}, undefined],
    ['additive', 'takes away what nobody uses', less, {}, 'takes nothing away'],
    ['additive', 'deprecates', deprecates('Use a. Removal 2027-01-31'), {}, 'Query.b would be deprecated'],
    ['additive', 'lets go what was announced', goes('removal 2026-11-01'), {}, 'only adds'],
    ['deprecation', 'adds', more, {}, undefined],
    ['deprecation', 'deprecates with reason and day', deprecates('Use a. Removal 2027-01-31'), {}, undefined],
    ['deprecation', 'deprecates without a reason', deprecates(''), {}, 'Query.b has no reason'],
    ['deprecation', 'deprecates without a day', deprecates('Use a'), {}, 'no day of removal'],
    ['deprecation', 'deprecates for today', deprecates('removal 2026-11-22'), {}, 'that is past, 2026-11-22'],
    ['deprecation', 'lets go what was announced', goes('removal 2026-11-01'), {}, undefined],
    ['deprecation', 'lets it go too early', goes('removal 2026-12-01'), {}, 'takes nothing away'],
    [
      'deprecation',
      'lets go what is used all the same',
      goes('removal 2026-11-01'),
      { operations: ['{ b }'] },
      'takes nothing away',
    ],
    ['breaking', 'takes away what nobody uses', less, {}, undefined],
    ['breaking', 'takes away what is used', less, { operations: ['{ b }'] }, 'is used'],
    ['breaking', 'takes away what nobody knows of', less, { operations: [] }, 'nobody knows what is used'],
    ['breaking', 'takes away by force', less, { operations: ['{ b }'], force: true }, undefined],
    [
      'breaking',
      'changes the type of an answer that is read',
      ['type Query { a: Int }', 'type Query { a: String }'],
      {},
      'is used',
    ],
  ])('%s, when it %s', (strategy, _, step, options, expected) => {
    const found = refusal(strategy, step, options);
    if (expected === undefined) expect(found).toBeUndefined();
    else expect(found?.message).toContain(expected);
  });

  it('names the operations and clients that would break', () => {
    expect(refusal('additive', less, { operations: ['query Mine { b }'] })).toMatchObject({
      name: 'UnsafeSchemaChange',
      message:
        'The strategy additive takes nothing away: field-removed at /Query/b; Mine of shop would be refused, 3 requests',
      status: 409,
      evidence: {
        changes: [{ rule: 'field-removed', usedBy: ['shop'] }],
        operations: [{ operation: 'Mine', client: 'shop', requests: 3 }],
        clients: ['shop'],
      },
    });
  });
});
