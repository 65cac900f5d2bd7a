import { describe, expect, it } from 'vitest';
import { verdictOf } from './compatibility.ts';
import type { ObjectOf, SchemaObject } from './shape.ts';

const column = (more: Partial<ObjectOf<'column'>> = {}): SchemaObject => ({
  kind: 'column',
  table: 'orders',
  name: 'amount',
  type: 'integer',
  notNull: false,
  default: null,
  identity: null,
  generated: null,
  ...more,
});
const table = (rowSecurity: 'off' | 'on' = 'off'): SchemaObject => ({
  kind: 'table',
  name: 'orders',
  partition: null,
  foreign: false,
  rowSecurity,
});
const unique: SchemaObject = {
  kind: 'constraint',
  table: 'orders',
  name: 'once',
  type: 'unique',
  definition: 'UNIQUE (amount)',
};
const index = (isUnique: boolean): SchemaObject => ({
  kind: 'index',
  table: 'orders',
  name: 'i',
  unique: isUnique,
  definition: 'CREATE INDEX i ON public.orders (amount)',
});
const states = (...values: string[]): SchemaObject => ({ kind: 'enum', name: 'state', values });

const works = 'works';
const may = 'may_fail';
const fails = 'fails';

describe('what a change means to clients of before', () => {
  it.each<[string, SchemaObject | null, SchemaObject | null, string, string]>([
    ['a new table', null, table(), works, works],
    ['a table that is gone', table(), null, fails, fails],
    ['row security', table(), table('on'), may, may],
    ['a nullable column', null, column(), works, works],
    ['a column that must be given', null, column({ notNull: true }), works, fails],
    ['a column with a default', null, column({ notNull: true, default: '0' }), works, works],
    ['a column that is gone', column(), null, fails, fails],
    ['a wider integer', column(), column({ type: 'bigint' }), may, works],
    ['a narrower integer', column(), column({ type: 'smallint' }), works, may],
    ['a longer text', column({ type: 'character varying(10)' }), column({ type: 'text' }), may, works],
    ['a shorter text', column({ type: 'text' }), column({ type: 'character varying(10)' }), works, may],
    ['a wider number', column({ type: 'numeric(8,2)' }), column({ type: 'numeric(10,2)' }), may, works],
    ['another scale', column({ type: 'numeric(8,2)' }), column({ type: 'numeric(10,3)' }), fails, fails],
    ['another type', column(), column({ type: 'text' }), fails, fails],
    ['not null', column(), column({ notNull: true }), works, may],
    ['nullable', column({ notNull: true }), column(), may, works],
    ['wider and not null', column(), column({ type: 'bigint', notNull: true }), may, may],
    ['no default', column({ notNull: true, default: '0' }), column({ notNull: true }), works, may],
    ['another default', column({ default: '0' }), column({ default: '1' }), works, works],
    ['a constraint', null, unique, works, may],
    ['a unique constraint that is gone', unique, null, may, may],
    ['an index', null, index(false), works, works],
    ['a unique index', null, index(true), works, may],
    ['a unique index that is gone', index(true), null, may, may],
    ['one more value', states('new'), states('new', 'paid'), may, works],
    ['one value less', states('new', 'paid'), states('new'), works, may],
  ])('%s', (_, before, after, reads, writes) => {
    expect(verdictOf({ before, after })).toMatchObject({ reads, writes });
  });
});
