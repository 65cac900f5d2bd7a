import { expect, it } from 'vitest';
import { fieldsOf, hasField } from './fields.ts';

const order = { id: 1, lines: [{ sku: 'a' }, { sku: 'b', gift: null }], tags: [], 'a/b~c': { '': true } };

it('are the innermost, items alike', () => {
  expect([...(fieldsOf(order) ?? [])]).toEqual([
    '/id',
    '/lines/*/sku',
    '/lines/*/gift',
    '/tags',
    '/a~1b~0c/',
  ]);
  expect([...(fieldsOf([[1], 2]) ?? [])]).toEqual(['/*/*', '/*']);
  expect([...(fieldsOf(JSON.parse('{"__proto__":{"constructor":1}}')) ?? [])]).toEqual([
    '/__proto__/constructor',
  ]);
});

it('are unknown of a document that has too many, too deep, or too much', () => {
  expect(fieldsOf(Object.fromEntries(Array.from({ length: 200 }, (_, at) => [`f${at}`, at])))?.size).toBe(
    200,
  );
  expect(
    fieldsOf(Object.fromEntries(Array.from({ length: 201 }, (_, at) => [`f${at}`, at]))),
  ).toBeUndefined();
  expect(fieldsOf(JSON.parse('['.repeat(5_000) + ']'.repeat(5_000)))).toBeUndefined();
  expect(fieldsOf(Array.from({ length: 1e6 }, () => 1))?.size).toBe(1);
});

it('are found where a pointer leads', () => {
  for (const there of ['/id', '/lines', '/lines/*/gift', '/a~1b~0c/', '/*'])
    expect([there, hasField(order, there)]).toEqual([there, true]);
  for (const missing of ['/ids', '/lines/0/gift', '/lines/*/gifts', '/id/x', '/constructor', '/tags/*'])
    expect([missing, hasField(order, missing)]).toEqual([missing, false]);
});
