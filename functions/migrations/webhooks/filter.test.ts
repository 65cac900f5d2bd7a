import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { wants } from './filter.ts';

const all = { types: ['*'], databases: [], labels: {} };
const shop = { id: 'db_1', name: 'shop', labels: { tier: 'gold', team: 'sales' } };
const event = { type: 'migration.completed', database: shop };

describe('a filter of events', () => {
  it.each([
    ['*', true],
    ['migration.*', true],
    ['*.completed', true],
    ['migration.completed', true],
    ['mi*on.*ed', true],
    ['migration', false],
    ['migration.complete', false],
    ['migration.completed.*', false],
    ['undo.*', false],
    ['*completed*completed', false],
  ])('of %s: %s', (pattern, expected) => expect(wants({ ...all, types: [pattern] }, event)).toBe(expected));

  it('chooses by database and labels, all of which have to fit', () => {
    const by = (databases: string[], labels: Record<string, string> = {}) => ({ ...all, databases, labels });
    expect(wants(by(['shop']), event)).toBe(true);
    expect(wants(by(['db_1', 'other']), event)).toBe(true);
    expect(wants(by(['other']), event)).toBe(false);
    expect(wants(by([], { tier: 'gold' }), event)).toBe(true);
    expect(wants(by(['shop'], { tier: 'gold', team: 'sales' }), event)).toBe(true);
    expect(wants(by([], { tier: 'gold', team: 'support' }), event)).toBe(false);
    expect(wants(by(['shop'], { tier: 'silver' }), event)).toBe(false);
  });

  it('that names a database hears nothing of what concerns none', () => {
    const none = { type: 'webhook.disabled', database: null };
    expect(wants(all, none)).toBe(true);
    expect(wants({ ...all, databases: ['shop'] }, none)).toBe(false);
    expect(wants({ ...all, labels: { tier: 'gold' } }, none)).toBe(false);
  });

  it('matches like the regular expression that it stands for', () => {
    const part = fc.constantFrom('a', 'b', '.', '*', 'ab');
    const text = fc.array(part, { maxLength: 8 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, text, (pattern, given) => {
        const type = given.replaceAll('*', 'b');
        const like = new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '.*')}$`);
        expect(wants({ ...all, types: [pattern] }, { type, database: null })).toBe(like.test(type));
      }),
    );
  });
});
