import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { guardOf } from './table-guard.ts';

// The package reads the machine's clock.
beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }));
afterEach(() => void vi.useRealTimers());

it('leaves a table alone after three failures in a row, and asks it again later', async () => {
  const guard = guardOf('a table that comes and goes');
  let asked = 0;
  let answers = false;
  const ask = () =>
    guard(60_000, async () => {
      asked += 1;
      if (!answers) throw new Error('unreachable');
      return 'an answer';
    });
  for (let call = 0; call < 100; call += 1) await expect(ask()).rejects.toThrow();
  expect(asked).toBe(3);
  answers = true;
  await expect(ask()).rejects.toThrow();
  expect(asked).toBe(3);
  vi.setSystemTime(Date.now() + 15_000);
  await expect(ask()).resolves.toBe('an answer');
  await expect(ask()).resolves.toBe('an answer');
});

it('is one for all breakers of a table', () => {
  expect(guardOf('one')).toBe(guardOf('one'));
  expect(guardOf('one')).not.toBe(guardOf('another'));
});
