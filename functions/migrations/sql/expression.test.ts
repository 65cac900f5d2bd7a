import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ExpressionInvalid } from '../errors.ts';
import { bind, columnsOf, parseExpression } from './expression.ts';
import { quoteIdentifier } from './identifiers.ts';

const bound = async (text: string, tables = ['t']) =>
  bind(await parseExpression(text), tables, (column) => `NEW.${quoteIdentifier(column)}`);

describe('bind', () => {
  it.each([
    ['name', 'NEW."name"'],
    ['t.name', 'NEW."name"'],
    ['"Full ""Name"""', 'NEW."Full ""Name"""'],
    [`coalesce(a, 'name')`, `COALESCE(NEW."a", 'name')`],
    [`a -- b`, 'NEW."a"'],
    ['SELECT CASE WHEN a IS NULL THEN b END', '(SELECT CASE WHEN NEW."a" IS NULL THEN NEW."b" END)'],
    ['(SELECT x.a || t.b FROM x WHERE x.id = t.id)', '(SELECT x.a || NEW."b" FROM x WHERE x.id = NEW."id")'],
    ['(SELECT t.a FROM other t)', '(SELECT t.a FROM other AS t)'],
    [`E'\\\\' || a`, `E'\\\\' || NEW."a"`],
  ])('%s → %s', async (text, sql) => {
    expect(await bound(text)).toBe(sql);
  });

  it('falls back to the user’s own text where the printer would change the meaning', async () => {
    expect(await bound(`- (("ø"+t . b)::text LIKE 'é%')`)).toBe(`- ((NEW."ø"+NEW."b")::text LIKE 'é%')`);
  });

  it('leaves a text alone that looks like its own markers', async () => {
    expect(await bound(`a || '_theseus_column_0x'`)).toBe(`NEW."a" || '_theseus_column_0x'`);
  });

  const leaf = fc.constantFrom('a', '"B c"', 't.a', '1', `'it''s'`, 'NULL', '2.50', 'true');
  const { expression } = fc.letrec<{ expression: string }>((tie) => ({
    expression: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      leaf,
      fc
        .tuple(
          tie('expression'),
          fc.constantFrom('+', '-', '*', '||', '=', '<', 'AND', 'OR', 'IS DISTINCT FROM', '->>'),
          tie('expression'),
        )
        .map(([l, o, r]) => `(${l}) ${o} (${r})`),
      fc
        .tuple(tie('expression'), tie('expression'), tie('expression'))
        .map(([a, b, c]) => `CASE WHEN (${a}) IS NULL THEN (${b}) ELSE (${c}) END`),
      tie('expression').map((inner) => `coalesce((${inner}), lower((${inner})::text))`),
      tie('expression').map((inner) => `CAST((${inner}) AS numeric(10,2))`),
      tie('expression').map((inner) => `NOT (${inner})`),
      tie('expression').map((inner) => `- (${inner})`),
      tie('expression').map((inner) => `(${inner})::text LIKE '%x%' AND (${inner}) BETWEEN 1 AND 2`),
      tie('expression').map((inner) => `ARRAY[(${inner}), (${inner})]`),
    ),
  }));

  it('keeps the meaning: binding columns to themselves changes nothing but the form, however often', async () => {
    await fc.assert(
      fc.asyncProperty(expression, async (text) => {
        const parsed = await parseExpression(text);
        const once = bind(parsed, ['t'], quoteIdentifier);
        const again = await parseExpression(once);
        expect(bind(again, ['t'], quoteIdentifier)).toBe(once);
        expect(columnsOf(again, ['t'])).toEqual(columnsOf(parsed, ['t']));
      }),
      { numRuns: 300 },
    );
  });
});

describe('parseExpression refuses', () => {
  it.each([
    ['', 'empty'],
    ['a +', 'end of input'],
    ['a, b', 'more than one expression'],
    ['a; DROP TABLE t', 'more than one statement'],
    ['a) FROM t WHERE (b', 'syntax error'],
    ['a FROM t', 'goes on'],
    ['a INTO x', 'goes on'],
    ['a UNION SELECT b', 'goes on'],
    ['a AS b', 'names its result'],
    ['sum(a)', 'aggregate'],
    ['count(*)', 'aggregate'],
    ['my_own(a) FILTER (WHERE true)', 'aggregate'],
    ['row_number() OVER ()', 'window'],
    ['unnest(a)', 'more than one row'],
    ['$1', 'parameter'],
  ])('%j: %s', async (text, reason) => {
    const error = await parseExpression(text).then(
      () => null,
      (caught: unknown) => caught,
    );
    expect(error).toBeInstanceOf(ExpressionInvalid);
    expect(String(error)).toContain(reason);
  });

  it('gives the position in the user’s own text', async () => {
    const error = await parseExpression('lower(a) ) || b').catch((caught: unknown) => caught);
    expect(error).toMatchObject({ evidence: { expression: 'lower(a) ) || b', position: 10 } });
  });

  it('allows an aggregate inside a sub-select', async () => {
    expect(await bound('(SELECT count(*) FROM x WHERE x.id = t.id)')).toContain('NEW."id"');
  });
});

describe('columnsOf', () => {
  it('counts unqualified names only outside of a FROM', async () => {
    const parsed = await parseExpression('a || (SELECT max(b) FROM x WHERE x.c = t.d) || (SELECT e)');
    expect(columnsOf(parsed, ['t'])).toEqual(['a', 'd', 'e']);
  });

  it('refuses another relation’s column and the whole row', async () => {
    const other = await parseExpression('x.a');
    const whole = await parseExpression('t.*');
    expect(() => columnsOf(other, ['t'])).toThrow(ExpressionInvalid);
    expect(() => columnsOf(whole, ['t'])).toThrow(ExpressionInvalid);
  });
});
