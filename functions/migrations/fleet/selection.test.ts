import { expect, it } from 'vitest';
import { chooses, targetsIn } from './selection.ts';

const shop = { id: 'db_1', name: 'shop', labels: { tier: 'free', region: 'eu' } };

it('chooses by name or id, and by all of the labels', () => {
  expect(chooses({ databases: ['shop'] }, shop)).toBe(true);
  expect(chooses({ databases: ['db_1'] }, shop)).toBe(true);
  expect(chooses({ databases: ['other'] }, shop)).toBe(false);
  expect(chooses({ labels: { tier: 'free' } }, shop)).toBe(true);
  expect(chooses({ labels: { tier: 'free', region: 'us' } }, shop)).toBe(false);
  expect(chooses({ databases: ['shop'], labels: { tier: 'paid' } }, shop)).toBe(false);
});

it('leaves out what fits every field of an exclusion, with its reason', () => {
  const exclude = [
    { database: 'other', schema: 'a', reason: 'elsewhere' },
    { labels: { region: 'eu' }, schema: 'b', reason: 'audit' },
  ];
  expect(targetsIn(shop, ['a', 'b'], exclude)).toEqual([
    { databaseId: 'db_1', database: 'shop', schema: 'a' },
    { databaseId: 'db_1', database: 'shop', schema: 'b', excluded: 'audit' },
  ]);
});
