import { describe, expect, it } from 'vitest';
import { parseExpression } from './expression.ts';
import { isConstant, isNullConstant, isVolatile, plainColumn, provablyNotNull } from './facts.ts';

describe('provablyNotNull', () => {
  const sure = async (text: string) =>
    provablyNotNull(await parseExpression(text), (column) => column === 'given');

  it.each([
    `'x'`,
    'given',
    'coalesce(a, given)',
    `coalesce(a, 'x')::text`,
    `CASE WHEN a THEN 1 ELSE 2 END`,
    `given || 'x'`,
    'lower(given)',
    'concat(a, b)',
    'a IS NULL',
    '(SELECT coalesce(a, 1))',
    'now()',
    'greatest(a, 1)',
    '-given',
  ])('%s: never NULL', async (text) => expect(await sure(text)).toBe(true));

  it.each([
    'a',
    'NULL',
    'NULL::text',
    'coalesce(a, b)',
    `CASE WHEN a THEN 1 END`,
    `CASE WHEN a THEN NULL ELSE 2 END`,
    `a || 'x'`,
    'nullif(given, 1)',
    'my_function(given)',
    `given ->> 'x'`,
    '(SELECT given FROM x)',
    `substring(given from 'x')`,
  ])('%s: may be NULL', async (text) => expect(await sure(text)).toBe(false));
});

describe('isVolatile', () => {
  const restless = async (text: string) => isVolatile(await parseExpression(text), ['own_random']);

  it.each([
    'random()',
    'now()',
    'CURRENT_DATE',
    'coalesce(a, gen_random_uuid())',
    'own_random(a)',
    `nextval('s')`,
    '(SELECT max(x) FROM other)',
    'pg_catalog.clock_timestamp()',
  ])('%s: another value the next time', async (text) => expect(await restless(text)).toBe(true));
  it.each(['lower(a)', '(SELECT a)', '1 + 2'])('%s: the same value again', async (text) =>
    expect(await restless(text)).toBe(false),
  );
});

it('tells constants, NULL and plain columns', async () => {
  expect(isConstant(await parseExpression(`'a'::mood`))).toBe(true);
  expect(isConstant(await parseExpression(`lower('a')`))).toBe(false);
  expect(isNullConstant(await parseExpression('NULL::int'))).toBe(true);
  expect(isNullConstant(await parseExpression('0'))).toBe(false);
  expect(plainColumn(await parseExpression('(t.a::bigint)::numeric'))).toEqual({
    column: 'a',
    casts: ['numeric', 'int8'],
  });
  expect(plainColumn(await parseExpression('a + 0'))).toBeNull();
});
