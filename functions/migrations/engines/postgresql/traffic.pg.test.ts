import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDatabase } from '#local/postgres/shared.ts';
import { START } from '../../pacing/pace.ts';
import type { Step } from '../../plan/schemas.ts';
import type { Engine } from '../engine.ts';
import { openSession, type Session } from './connection.ts';
import { openPostgres } from './engine.ts';
import { fence, id, makePeople, people, splitName, verifyName } from './test-target.ts';

const limits = () => ({ signal: new AbortController().signal, until: Number.POSITIVE_INFINITY });
const upper = 'upper(name)';

/** name ↔ shouted: what one client writes, the other must read. */
const expand: Step = {
  id: 'expand',
  kind: 'transaction',
  purpose: 'Add the column and keep both sides in step',
  locks: [people],
  statements: [{ sql: 'ALTER TABLE shop.people ADD COLUMN shouted text', values: [] }],
  dualWrites: [
    {
      action: 'add',
      table: people,
      group: {
        id: 'people.shouted',
        migration: fence.migration,
        position: 1,
        version: 'shop_next',
        old: ['name'],
        new: [{ column: 'shouted', type: 'text' }],
        ups: [{ column: 'shouted', expression: 'upper(NEW."name")' }],
        downs: [{ column: 'name', expression: 'lower(NEW."shouted")' }],
        guards: [],
      },
    },
  ],
};

describe('a backfill in parallel ranges under clients of both kinds', () => {
  let url: string;
  let engine: Engine;
  let admin: Session;
  beforeAll(async () => {
    url = await createDatabase('traffic');
    admin = await openSession(url, { applicationName: 'test', schema: 'shop' });
    engine = await openPostgres(url, { applicationName: 'test' });
  });
  afterAll(async () => {
    await engine?.close();
    await admin?.close();
  });

  it('ends with every row in step, and with what each client wrote last', async () => {
    await makePeople(admin, 'id bigint', 'g', 8_000);
    await engine.setFencePhase(fence, 'expand');
    await engine.runStep(expand, fence, limits());
    await engine.setFencePhase(fence, 'backfill');

    let filling = true;
    /** What the clients wrote last, kept by the test: the id's name, null when deleted. */
    const model = new Map<number, { name: string; shouted: string } | null>();
    // Each client has rows of its own, so that the model knows the order of writes.
    const client = async (number: number, kind: 'old' | 'new') => {
      const session = await openSession(url, { applicationName: 'client', schema: 'shop' });
      for (let write = 0; filling || write < 50; write++) {
        const row = 1 + number + 4 * Math.floor(Math.random() * 2_200);
        const text = `${kind} ${number} ${write}`;
        const value = kind === 'old' ? text : text.toUpperCase();
        const column = kind === 'old' ? 'name' : 'shouted';
        const roll = Math.random();
        if (roll < 0.1) {
          await session.query('DELETE FROM people WHERE id = $1', [row]);
          model.set(row, null);
          continue;
        }
        const { rowCount } =
          roll < 0.2
            ? await session.query(
                `INSERT INTO people (id, ${column}) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET ${column} = excluded.${column}`,
                [row, value],
              )
            : await session.query(`UPDATE people SET ${column} = $2 WHERE id = $1`, [row, value]);
        if (rowCount === 1) model.set(row, { name: text, shouted: text.toUpperCase() });
      }
      await session.close();
    };
    const clients = [client(0, 'old'), client(1, 'new'), client(2, 'old'), client(3, 'new')];

    const backfill = {
      ...splitName(id),
      set: [{ column: 'shouted', type: 'text', expression: upper }],
      unwritten: 'shouted IS NULL',
    };
    const ranges = await engine.splitRanges(people, id, 4);
    const done = await Promise.all(
      ranges.map((range) =>
        engine.backfillRange(backfill, range, null, fence, {
          ...limits(),
          pace: { ...START, pauseMs: 10 },
          onProgress: async () => true,
        }),
      ),
    );
    expect(done.map(({ status }) => status)).toEqual(['done', 'done', 'done', 'done']);
    filling = false;
    await Promise.all(clients);

    const verification = {
      ...verifyName(id),
      beforePublish: `shouted IS NOT DISTINCT FROM ${upper}`,
      afterPublish: `shouted IS NOT DISTINCT FROM ${upper} OR name IS NOT DISTINCT FROM lower(shouted)`,
      repair: [],
    };
    const all = { from: null, to: null };
    const checked = await engine.verifyRange(verification, 'afterPublish', all, null, fence, {
      ...limits(),
      repair: false,
    });
    expect(checked).toMatchObject({ status: 'done', wrong: 0 });

    const { rows } = await admin.query<{ id: string; name: string; shouted: string }>(
      'SELECT id, name, shouted FROM people',
    );
    const found = new Map(rows.map((row) => [Number(row.id), row]));
    expect(model.size).toBeGreaterThan(100);
    for (const [row, written] of model) {
      if (written === null) expect(found.has(row)).toBe(false);
      else expect(found.get(row)).toMatchObject(written);
    }
    for (const [row, stored] of found) {
      if (!model.has(row)) {
        expect(stored).toMatchObject({ name: `Mary Ann Smith ${row}`, shouted: `MARY ANN SMITH ${row}` });
      }
    }
  });
});
