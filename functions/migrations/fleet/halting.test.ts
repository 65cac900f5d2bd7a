import { expect, it } from 'vitest';
import { haltReason } from './halting.ts';

const waves = [
  { name: 'canary', from: 0, to: 2 },
  { name: '100%', from: 2, to: 102 },
];
const fleet = { waves, halt: { canaryFailures: 1, percent: 5 }, overruled: {} };

it('halts on the first failed canary, and later on a share of the wave', () => {
  expect(haltReason(fleet, 0, 0)).toBeNull();
  expect(haltReason(fleet, 0, 1)).toContain('1 of 2 targets of wave canary failed');
  expect(haltReason(fleet, 1, 4)).toBeNull();
  expect(haltReason(fleet, 1, 5)).toContain('5 %');
  expect(haltReason({ ...fleet, halt: { ...fleet.halt, failures: 2 } }, 1, 2)).toContain('2 halts');
});

it('halts again only on failures that nobody has seen', () => {
  const overruled = { ...fleet, overruled: { 1: 5 } };
  expect(haltReason(overruled, 1, 5)).toBeNull();
  expect(haltReason(overruled, 1, 6)).toContain('6 of 100');
});
