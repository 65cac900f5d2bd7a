import { expect, it } from 'vitest';
import { type FlagLife, type LifeLimits, lifecycleOf } from './findings.ts';

const now = Date.parse('2026-06-01T00:00:00Z');
const ago = (days: number) => new Date(now - days * 86_400_000).toISOString();
const limits: LifeLimits = { now, staleDays: 30, unusedDays: 14, killedDays: 7, useIsReported: true };
const life: FlagLife = {
  flag: 'checkout',
  kind: 'release',
  owner: 'shop',
  createdAt: ago(100),
  updatedAt: ago(10),
  expires: null,
  outcomes: new Set(['on', 'off']),
  lastUsed: ago(1),
  killedAt: null,
  references: null,
};
const found = (more: Partial<FlagLife>, less: Partial<LifeLimits> = {}) => {
  const { stage, findings } = lifecycleOf({ ...life, ...more }, { ...limits, ...less });
  return [stage, ...findings.map(({ finding }) => finding)];
};

it.each<[string, Partial<FlagLife>, string[]]>([
  ['one that is used', {}, ['active']],
  ['a new one', { createdAt: ago(6), updatedAt: ago(6), lastUsed: null }, ['new']],
  [
    'a new one with one variant',
    { createdAt: ago(6), updatedAt: ago(6), outcomes: new Set(['off']) },
    ['new'],
  ],
  ['unchanged for long', { updatedAt: ago(30) }, ['stale', 'stale']],
  ['not used for long', { lastUsed: ago(14) }, ['active', 'unused']],
  ['never used', { lastUsed: null }, ['active', 'unused']],
  ['on for all', { outcomes: new Set(['on']) }, ['active', 'settled']],
  ['switched off in the end', { outcomes: new Set([null]) }, ['active', 'settled']],
  ['past its day', { expires: '2026-06-01' }, ['active', 'expired']],
  ['before its day', { expires: '2026-06-02' }, ['active']],
  ['killed for long', { killedAt: ago(7) }, ['active', 'killed']],
  ['killed just now', { killedAt: ago(6) }, ['active']],
  [
    'permanent',
    { kind: 'operational', updatedAt: ago(99), lastUsed: null, outcomes: new Set(['on']) },
    ['active'],
  ],
  ['permanent and past its day', { kind: 'permission', expires: '2026-01-01' }, ['active', 'expired']],
])('judges %s', (_name, more, expected) => {
  expect(found(more)).toEqual(expected);
});

it('calls nothing unused where nobody reports use', () => {
  expect(found({ lastUsed: null }, { useIsReported: false })).toEqual(['active']);
});
