import { describe, expect, it } from 'vitest';
import { TypeInvalid } from '../errors.ts';
import { isSerial, isWidening, parseType, sameFamily, sameValue, textLimit } from './type.ts';

describe('parseType', () => {
  it.each([
    ['INTEGER', 'int', 'int4'],
    ['numeric(10,2)', 'numeric(10, 2)', 'numeric'],
    ['timestamp with time zone', 'timestamp with time zone', 'timestamptz'],
    ['timestamptz(3)', 'timestamptz(3)', 'timestamptz'],
    ['public."My mood"', 'public."My mood"', 'My mood'],
    ['text[]', 'text[]', 'text[]'],
    ['character varying(20)', 'varchar(20)', 'varchar'],
  ])('%s', async (text, sql, base) => {
    expect(await parseType(text)).toMatchObject({ sql, base });
  });

  it.each([
    '',
    'int not null',
    'int default 1',
    'int, DROP COLUMN x',
    'int; DROP TABLE t',
    'setof int',
    'text COLLATE "C"',
    'int)',
  ])('refuses %j', async (text) => {
    await expect(parseType(text)).rejects.toBeInstanceOf(TypeInvalid);
  });
});

it('knows which changes lose nothing', async () => {
  const widening = async (from: string, to: string) => isWidening(await parseType(from), await parseType(to));
  expect(await widening('integer', 'bigint')).toBe(true);
  expect(await widening('bigint', 'numeric')).toBe(true);
  expect(await widening('varchar(5)', 'varchar(9)')).toBe(true);
  expect(await widening('varchar(5)', 'text')).toBe(true);
  expect(await widening('bigint', 'integer')).toBe(false);
  expect(await widening('integer', 'numeric(4,2)')).toBe(false);
  expect(await widening('varchar(9)', 'varchar(5)')).toBe(false);
  expect(await widening('text', 'integer')).toBe(false);
});

it('compares types without a useful equality through their text', async () => {
  expect(sameValue('a', 'b', await parseType('json'))).toBe('a::text IS NOT DISTINCT FROM b::text');
  expect(sameValue('a', 'b', await parseType('point[]'))).toContain('::text');
  expect(sameValue('a', 'b', await parseType('jsonb'))).toBe('a IS NOT DISTINCT FROM b');
});

it('tells families, limits and serials', async () => {
  expect(sameFamily(await parseType('int'), await parseType('numeric(4,2)'))).toBe(true);
  expect(sameFamily(await parseType('int'), await parseType('text'))).toBe(false);
  expect(textLimit(await parseType('varchar(7)'))).toBe(7);
  expect(textLimit(await parseType('text'))).toBeNull();
  expect(isSerial(await parseType('bigserial'))).toBe(true);
});
