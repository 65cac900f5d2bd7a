import { afterEach, expect, it } from 'vitest';
import { setClock, systemClock } from '#platform/clock.ts';
import { restartedSession } from './restarted-session.ts';

const signal = new AbortController().signal;
afterEach(() => setClock(systemClock));

/** A session that counts what it was asked, and the deployments that ended as a test says. */
function scene() {
  let now = 1_000_000;
  setClock({ ...systemClock, now: () => now });
  const asked: (string | undefined)[] = [];
  const ended = { now: '1 0', isDown: false };
  const feed = restartedSession(
    {
      name: 'AppConfig production',
      parts: ['flags'],
      intervalMs: 15_000,
      ask: async (cursor) => {
        asked.push(cursor);
        return {
          documents: { flags: { flags: {} } },
          revision: `r${asked.length}`,
          cursor: `t${asked.length}`,
        };
      },
    },
    async () => {
      if (ended.isDown) throw new Error('The table is away');
      return ended.now;
    },
  );
  let cursor: string | undefined;
  return {
    asked,
    ended,
    feed,
    /** So much later, ms. */
    async ask(later = 0) {
      now += later;
      const answer = await feed.ask(cursor, signal);
      cursor = answer.cursor;
      return answer.revision;
    },
  };
}

it('asks a session no more often than it may be asked', async () => {
  const { ask, asked, feed } = scene();
  expect(feed.intervalMs).toBeLessThan(1_000);
  expect(await ask()).toBe('r1');
  expect(await ask(500)).toBeUndefined();
  expect(await ask(14_000)).toBeUndefined();
  expect(await ask(500)).toBe('r2');
  expect(asked).toEqual([undefined, 't1']);
});

it('begins a new session when a deployment has ended, once', async () => {
  const { ask, asked, ended } = scene();
  await ask();
  ended.now = '2 0';
  expect(await ask(500)).toBe('r2');
  expect(await ask(500)).toBeUndefined();
  ended.now = '2 3';
  expect(await ask(500)).toBe('r3');
  expect(await ask(15_000)).toBe('r4');
  expect(asked).toEqual([undefined, undefined, undefined, 't3']);
});

it('goes on at the pace of the session while nobody can say what has ended', async () => {
  const { ask, asked, ended } = scene();
  await ask();
  ended.isDown = true;
  expect(await ask(500)).toBeUndefined();
  expect(await ask(15_000)).toBe('r2');
  ended.isDown = false;
  expect(await ask(500)).toBeUndefined();
  expect(asked).toEqual([undefined, 't1']);
});

it('says when the session could not be asked, and asks it again', async () => {
  const { ended } = scene();
  let isDown = true;
  const feed = restartedSession(
    {
      name: 'AppConfig production',
      parts: ['flags'],
      intervalMs: 15_000,
      ask: () => (isDown ? Promise.reject(new Error('AppConfig is away')) : Promise.resolve({})),
    },
    async () => ended.now,
  );
  await expect(feed.ask(undefined, signal)).rejects.toThrow('AppConfig is away');
  isDown = false;
  await expect(feed.ask(undefined, signal)).resolves.toMatchObject({ cursor: expect.any(String) });
});
