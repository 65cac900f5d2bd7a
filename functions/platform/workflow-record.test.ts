import { afterEach, describe, expect, it } from 'vitest';
import { setClock, systemClock } from './clock.ts';
import { recordChanger, type WorkflowRecord } from './workflow-record.ts';

interface Ship extends WorkflowRecord {
  planks: number;
}

const ship: Ship = {
  id: 'ship',
  planks: 1,
  revision: 1,
  updatedAt: '2026-01-01T00:00:00.000Z',
  outbox: [{ sequence: 0, at: '2026-01-01T00:00:00.000Z', type: 'ship.built', actor: 'ann', data: {} }],
  nextSequence: 1,
};

/** A place with one record, into which others write before our own writes as often as `rivals` says. */
function placeOf(rivals: number) {
  let stored = ship;
  let left = rivals;
  const change = recordChanger<Ship>({
    noun: 'Ship',
    read: async () => stored,
    write: async (record, { values }) => {
      if (left > 0) {
        left -= 1;
        stored = { ...stored, revision: stored.revision + 1, planks: stored.planks + 10 };
      }
      if (values?.[':revision'] !== stored.revision) return false;
      stored = record;
      return true;
    },
  });
  return { change, stored: () => stored };
}

let restore = () => {};
afterEach(() => restore());

describe('changing a record', () => {
  it('decides anew when somebody wrote between', async () => {
    const at = '2026-02-01T00:00:00.000Z';
    restore = setClock({ ...systemClock, iso: () => at, sleep: async () => {} });
    const { change, stored } = placeOf(2);
    const changed = await change('ship', ({ planks }) => ({
      set: { planks: planks + 1 },
      events: [{ type: 'ship.grown', actor: 'bob' }],
    }));
    expect(changed).toEqual(stored());
    expect(changed).toMatchObject({ planks: 22, revision: 4, updatedAt: '2026-02-01T00:00:00.000Z' });
    expect(changed.outbox.map(({ sequence, type }) => [sequence, type])).toEqual([
      [0, 'ship.built'],
      [1, 'ship.grown'],
    ]);
  });

  it('lets published events go, and counts as unchanged then', async () => {
    const { change } = placeOf(0);
    const changed = await change('ship', () => ({ set: {}, publishedThrough: 0 }));
    expect(changed).toMatchObject({ outbox: [], updatedAt: ship.updatedAt, revision: 2, nextSequence: 1 });
  });

  it('changes nothing when nothing is decided, and gives up after so many rivals', async () => {
    restore = setClock({ ...systemClock, sleep: async () => {} });
    const { change, stored } = placeOf(100);
    expect(await change('ship', () => undefined)).toBe(ship);
    expect(stored()).toBe(ship);
    await expect(change('ship', () => ({ set: { planks: 0 } }))).rejects.toThrow(
      'Ship ship was written by others 12 times in a row',
    );
  });
});
