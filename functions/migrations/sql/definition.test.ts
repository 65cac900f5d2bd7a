import { describe, expect, it } from 'vitest';
import { copyConstraint, copyIndex, indexColumns, rebuildIndex, restoreConstraint } from './definition.ts';

const changes = [{ from: 'amount', to: '_theseus_1_"x' }];

describe('copyIndex', () => {
  it('exchanges the column in keys, expressions, INCLUDE and the predicate, and builds concurrently', async () => {
    const definition = `CREATE UNIQUE INDEX i ON public.t USING btree (amount DESC NULLS LAST, lower((amount)::text), b) INCLUDE (amount) WHERE (amount > 0)`;
    expect(await copyIndex(definition, 'copy "of" i', changes)).toBe(
      'CREATE UNIQUE INDEX CONCURRENTLY "copy ""of"" i" ON public.t ("_theseus_1_""x" DESC NULLS LAST, (lower("_theseus_1_""x"::text)), b) INCLUDE ("_theseus_1_""x") WHERE "_theseus_1_""x" > 0',
    );
  });

  it('keeps method, operator class, collation and parameters', async () => {
    const definition = `CREATE INDEX i ON public.t USING gin (amount gin_trgm_ops) WITH (fastupdate='on')`;
    expect(await copyIndex(definition, 'c', [])).toMatch(
      /USING gin \(amount gin_trgm_ops\) WITH \(fastupdate/i,
    );
  });
});

it('finds the columns of an index, those in expressions apart', async () => {
  expect(await indexColumns('CREATE INDEX i ON t (a, lower(b)) INCLUDE (c) WHERE d > 1')).toEqual({
    columns: ['a', 'c', 'b', 'd'],
    inExpression: ['b', 'd'],
  });
});

describe('copyConstraint', () => {
  const on = { schema: 'public', name: 'ta"ble' };
  it.each([
    [
      'CHECK ((amount >= 0))',
      'ALTER TABLE public."ta""ble" ADD CONSTRAINT c CHECK ("_theseus_1_""x" >= 0) NOT VALID',
    ],
    ['UNIQUE (b, amount)', 'ALTER TABLE public."ta""ble" ADD CONSTRAINT c UNIQUE (b, "_theseus_1_""x")'],
    [
      'FOREIGN KEY (amount, b) REFERENCES public.o(amount, y) ON DELETE CASCADE DEFERRABLE',
      'ALTER TABLE public."ta""ble" ADD CONSTRAINT c FOREIGN KEY ("_theseus_1_""x", b) REFERENCES public.o (amount, y) ON DELETE CASCADE NOT VALID DEFERRABLE',
    ],
  ])('%s', async (definition, sql) => {
    const copy = await copyConstraint(definition, on, 'c', changes);
    expect(copy.replaceAll(/\s+/g, ' ').replaceAll('UNIQUE(', 'UNIQUE (').replaceAll('KEY(', 'KEY (')).toBe(
      sql,
    );
  });
});

it('gives back what was dropped by the text of its own definition', () => {
  const definition = 'CREATE UNIQUE INDEX "a ON b" ON public.t USING btree (lower(x))';
  expect(rebuildIndex(definition, 'a ON b', 'c"')).toBe(
    'CREATE UNIQUE INDEX CONCURRENTLY "c""" ON public.t USING btree (lower(x))',
  );
  expect(() => rebuildIndex(definition, 'other', 'c')).toThrow(/Not the definition/);
  const back = 'ALTER TABLE "s"."t" ADD CONSTRAINT "n" CHECK (a > 0) NOT VALID';
  expect(restoreConstraint('CHECK (a > 0)', { schema: 's', name: 't' }, 'n')).toBe(back);
  expect(restoreConstraint('CHECK (a > 0) NOT VALID', { schema: 's', name: 't' }, 'n')).toBe(back);
});
