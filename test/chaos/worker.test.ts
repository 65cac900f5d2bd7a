import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { openPostgres } from '#migrations/engines/postgresql/engine.ts';
import { type MortalPlatform, startMortal } from './platform.ts';
import { holding, openShop, type Shop, schemaOf } from './shop.ts';

let platform: MortalPlatform;
afterEach(() => platform?.stop());

/** Asks every 10 ms until there are rows, at most as often as takes a minute. */
async function rowsOf(shop: Shop, text: string): Promise<Record<string, unknown>[]> {
  for (let look = 0; look < 6_000; look += 1) {
    const rows = await shop.sql(text);
    if (rows.length > 0) return rows;
    await sleep(10);
  }
  throw new Error(`nothing came of: ${text}`);
}
const backendsThat = (words: string) =>
  `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' AND pid <> pg_backend_pid() AND query LIKE '${words}%'`;

describe('the backend goes on alone', () => {
  it('with CREATE INDEX CONCURRENTLY when the worker is killed, then when it is stopped: built once', async () => {
    const shop = await openShop(2_000);
    platform = await startMortal(shop.url);
    const planned = await platform.plan(
      'operations:\n  - create_index:\n      name: orders_note\n      table: orders\n      columns: [{ column: note }]\n',
      { soakSeconds: 0 },
    );
    shop.open('old', null);
    const builder = backendsThat('CREATE INDEX CONCURRENTLY');
    const snapshot = 'SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM items';
    await holding(shop.url, snapshot, async () => {
      await platform.start(planned);
      const [first] = await rowsOf(shop, builder);
      await platform.kill();
      // The next worker finds the backend at work and waits for it.
      await rowsOf(
        shop,
        `SELECT 1 FROM pg_stat_activity WHERE state = 'idle' AND application_name LIKE 'theseus:${planned.id}%' AND query LIKE '%pg_locks%'`,
      );
      expect(await shop.sql(builder)).toEqual([first]);
      platform.freeze();
    });
    const valid = "SELECT 1 FROM pg_index WHERE indisvalid AND indexrelid = 'orders_note'::regclass";
    await rowsOf(shop, valid);
    await rowsOf(shop, `SELECT 1 WHERE NOT EXISTS (${builder})`);
    platform.thaw();
    await platform.reach(planned.id, 'completed');
    expect(
      await shop.sql(
        `SELECT indisvalid FROM pg_index WHERE indrelid = 'orders'::regclass AND NOT indisvalid`,
      ),
    ).toEqual([]);
    await shop.close('old');
    expect(shop.errors()).toEqual([]);
    expect(await shop.check('old')).toMatchObject({ wrong: [] });
  });

  it('with VALIDATE CONSTRAINT when the worker is killed: validated once', async () => {
    const shop = await openShop(500);
    await shop.sql(`CREATE FUNCTION patient(integer) RETURNS boolean LANGUAGE plpgsql AS
      $$ BEGIN PERFORM pg_advisory_xact_lock_shared(42); RETURN true; END $$`);
    platform = await startMortal(shop.url);
    const planned = await platform.plan(
      'operations:\n  - alter_column:\n      table: items\n      column: quantity\n      check: { name: items_patient, constraint: patient(quantity) }\n      up: quantity\n      down: quantity\n',
    );
    await platform.start(planned);
    await platform.reach(planned.id, 'soaking');
    const validator = backendsThat('%VALIDATE CONSTRAINT');
    await holding(shop.url, 'SELECT pg_advisory_xact_lock(42)', async () => {
      await platform.act(planned.id, 'complete', ({ status }) => status !== 'soaking');
      const [first] = await rowsOf(shop, validator);
      await platform.kill();
      await platform.until(planned.id, 'contract', ({ phase }) => phase === 'contract');
      expect(await shop.sql(validator)).toEqual([first]);
    });
    await platform.reach(planned.id, 'completed');
  });
});

describe('a worker that stops in the middle', () => {
  it('of a backfill is a zombie once another has taken over: its writes are refused', async () => {
    const shop = await openShop(2_000);
    const before = await schemaOf(shop.sql);
    platform = await startMortal(shop.url);
    const planned = await platform.plan('01-split-name.yaml');
    await platform.kill({ stopOn: 'theseus chunk' });
    shop.open('old', null);
    const started = platform.start(planned);
    await platform.die('stopped');

    // Nobody else may run over its directory, though it does not answer.
    const theseus = fileURLToPath(new URL('../../cli/theseus.ts', import.meta.url));
    const second = promisify(execFile)(process.execPath, [
      theseus,
      '--directory',
      platform.directory,
      'dev',
      '--port',
      '0',
    ]);
    await expect(second).rejects.toMatchObject({
      stderr: expect.stringContaining(`process ${platform.pid()}`),
    });

    const engine = await openPostgres(shop.url, { applicationName: 'theseus:takeover' });
    await engine.takeFence(
      { migration: planned.id, epoch: 2 },
      { name: planned.name, schema: 'public', phase: 'lock' },
    );
    await engine.close();
    await shop.sql('CREATE TABLE chunks (written timestamptz)');
    await shop.sql(`CREATE FUNCTION note_chunk() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN INSERT INTO public.chunks SELECT now() WHERE current_setting('application_name') LIKE 'theseus%'; RETURN NULL; END $$`);
    await shop.sql(
      'CREATE TRIGGER note_chunk AFTER UPDATE ON customers FOR EACH ROW EXECUTE FUNCTION note_chunk()',
    );
    platform.thaw();
    await started;
    const { errors } = await platform.reach(planned.id, 'rolled_back');
    expect(errors.map(({ name }) => name)).toContain('FenceLost');
    expect(await shop.sql('SELECT * FROM chunks')).toEqual([]);
    // One after the other: in one transaction, a client in the trigger and the drop would wait for each other.
    await shop.sql('DROP FUNCTION note_chunk() CASCADE');
    await shop.sql('DROP TABLE chunks');
    expect(await schemaOf(shop.sql)).toEqual(before);
    await shop.close('old');
    expect(shop.errors()).toEqual([]);
    expect(await shop.check('old')).toMatchObject({ wrong: [] });
  });

  it.each(['LOCK TABLE', 'ADD COLUMN'])(
    'of a transaction under locks (%s) is ended by the server: no client waits for it to go on',
    async (words) => {
      const shop = await openShop(500);
      platform = await startMortal(shop.url);
      const planned = await platform.plan('01-split-name.yaml');
      await platform.kill({ stopOn: words });
      const started = platform.start(planned);
      await platform.die('stopped');
      const asked = Date.now();
      await shop.sql("UPDATE customers SET name = 'Waited Long' WHERE id = 1");
      expect(Date.now() - asked).toBeLessThan(30_000);
      platform.thaw();
      await started;
      await platform.reach(planned.id, 'soaking');
    },
  );
});
