import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { Fleet } from '#migrations/fleet/schemas.ts';
import { type MortalPlatform, startMortal } from './platform.ts';
import { openShop } from './shop.ts';

let platform: MortalPlatform | undefined;
afterEach(() => platform?.stop());

const targets = 30;
/** A trigger that refuses every write is seen when rows are filled: these fail in the middle, and are taken back. */
const broken = [9, 17, 25];
const schemaOf = (n: number) => `tenant_${String(n).padStart(2, '0')}`;

const file = `operations:
  - alter_column:
      table: customers
      column: code
      type: integer
      up: code::integer
      down: code::text
`;

it('a fleet loses no target to kill -9, halts on what fails, and tries it again', {
  timeout: 240_000,
}, async () => {
  const shop = await openShop(1);
  for (let n = 1; n <= targets; n += 1) {
    const schema = schemaOf(n);
    await shop.sql(`CREATE SCHEMA ${schema};
      CREATE TABLE ${schema}.customers (id bigint PRIMARY KEY, code text NOT NULL);
      INSERT INTO ${schema}.customers SELECT g, g::text FROM generate_series(1, 5) g;
      ${
        broken.includes(n)
          ? `CREATE FUNCTION ${schema}.refuse() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE 'not today'; END$$;
             CREATE TRIGGER audit BEFORE UPDATE ON ${schema}.customers FOR EACH ROW EXECUTE FUNCTION ${schema}.refuse()`
          : ''
      }`);
  }
  const mortal = await startMortal(shop.url);
  platform = mortal;

  const ask = async (method: string, path: string, body?: unknown): Promise<Fleet> => {
    const answer = await mortal.ask(method, `/migration-fleets${path}`, body);
    if (answer.status > 201) throw new Error(JSON.stringify(answer.body));
    return Fleet.parse(answer.body);
  };
  const until = async (id: string, holds: (fleet: Fleet) => boolean): Promise<Fleet> => {
    for (let look = 0; look < 600; look += 1) {
      const fleet = await ask('GET', `/${id}`);
      if (holds(fleet)) return fleet;
      await sleep(100);
    }
    throw new Error(`not reached: ${JSON.stringify(await ask('GET', `/${id}`))}`);
  };

  const { id } = await ask('POST', '', {
    file,
    fileName: 'numbers.yaml',
    targets: { databases: ['shop'], schemas: 'tenant\\_%' },
    waves: { canary: 2, percent: [100] },
    halt: { failures: broken.length, percent: 100 },
    consents: ['existing_triggers'],
    bakeSeconds: 0,
  });
  await ask('POST', `/${id}/start`, {});
  for (const done of [4, 14]) {
    await until(id, ({ counts }) => counts.done >= done);
    await mortal.kill();
  }
  const halted = await until(id, ({ status }) => status === 'halted');
  expect(halted.counts.failed).toBe(broken.length);
  expect(halted.failures).toMatchObject([{ name: 'StatementFailed', targets: broken.length }]);
  // What failed was taken back: the next attempt begins on the tables as they were.
  expect(
    await shop.sql(`SELECT count(*)::int AS n FROM pg_namespace WHERE nspname = '${schemaOf(9)}_numbers'`),
  ).toEqual([{ n: 0 }]);

  for (const n of broken) await shop.sql(`DROP TRIGGER audit ON ${schemaOf(n)}.customers`);
  await ask('POST', `/${id}/redrive`, {});
  const completed = await until(id, ({ status }) => status === 'completed');
  expect(completed.counts).toEqual({
    pending: 0,
    running: 0,
    done: targets,
    failed: 0,
    excluded: 0,
    undone: 0,
  });
  expect(
    await shop.sql(`SELECT count(*)::int AS n FROM pg_namespace WHERE nspname LIKE 'tenant\\_%\\_numbers'`),
  ).toEqual([{ n: targets }]);
});
