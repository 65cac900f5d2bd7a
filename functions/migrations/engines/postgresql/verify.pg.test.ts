import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createDatabase } from '#local/postgres/shared.ts';
import { openSession, type Session } from './connection.ts';
import { setFencePhase, takeFence } from './fence.ts';
import { everything, fence, id, makePeople, openerOf, verifyName, WAITING } from './test-target.ts';
import { verifyRange } from './verify.ts';

const options = (repair: boolean) => ({
  signal: new AbortController().signal,
  until: Number.POSITIVE_INFINITY,
  repair,
});

describe('verification', () => {
  let url: string;
  let admin: Session;
  const open = (...given: Parameters<ReturnType<typeof openerOf>>) => openerOf(url)(...given);
  const verify = (
    repair: boolean,
    stage: 'beforePublish' | 'afterPublish' = 'beforePublish',
    verification = verifyName(id),
  ) => verifyRange(open, verification, stage, everything, null, fence, options(repair));

  const waiting = async () => (await admin.query(WAITING)).rowCount;

  beforeAll(async () => {
    url = await createDatabase('verify');
    admin = await openSession(url, { applicationName: 'test' });
  });
  beforeEach(async () => {
    await makePeople(admin, 'id bigint', 'g', 25_000);
    await admin.query("UPDATE shop.people SET first = 'Mary'");
  });
  afterAll(() => admin?.close());

  it('reads every row and finds nothing wrong where nothing is', async () => {
    expect(await verify(true)).toEqual({
      status: 'done',
      last: ['25000'],
      rowsChecked: 25_000,
      wrong: 0,
      repaired: 0,
      sample: [],
    });
  });

  it('finds rows that are wrong, missing or NULL in every chunk, repairs exactly those, and then finds none', async () => {
    await admin.query("UPDATE shop.people SET first = 'Bob' WHERE id IN (1, 10000, 10001)");
    await admin.query('UPDATE shop.people SET first = NULL WHERE id = 24999');
    await admin.query('UPDATE shop.people SET name = NULL, first = NULL WHERE id = 5');
    const found = await verify(false);
    expect(found).toMatchObject({ rowsChecked: 25_000, wrong: 4, repaired: 0 });
    expect(found.sample).toEqual([['1'], ['10000'], ['10001'], ['24999']]);
    expect(await verify(true)).toMatchObject({ wrong: 4, repaired: 4 });
    expect(await verify(true)).toMatchObject({ rowsChecked: 25_000, wrong: 0 });
    const { rows } = await admin.query("SELECT count(*)::int AS n FROM shop.people WHERE first = 'Mary'");
    expect(rows[0]?.n).toBe(24_999);
  });

  it('names at most ten rows, and goes on from the last key', async () => {
    await admin.query('UPDATE shop.people SET first = NULL WHERE id <= 20000');
    let reads = 0;
    const stopped = {
      ...options(false),
      get until() {
        return ++reads > 1 ? 0 : Number.POSITIVE_INFINITY;
      },
    };
    const part = await verifyRange(open, verifyName(id), 'beforePublish', everything, null, fence, stopped);
    expect(part).toMatchObject({ status: 'more', last: ['10000'], rowsChecked: 10_000, wrong: 10_000 });
    expect(part.sample).toHaveLength(10);
    const rest = await verifyRange(
      open,
      verifyName(id),
      'beforePublish',
      everything,
      part.last,
      fence,
      options(false),
    );
    expect(rest).toMatchObject({ status: 'done', rowsChecked: 15_000, wrong: 10_000 });
  });

  it('says that what it cannot repair is still wrong', async () => {
    await admin.query("UPDATE shop.people SET first = 'Bob' WHERE id <= 3");
    const without = { ...verifyName(id), repair: [] };
    expect(await verify(true, 'beforePublish', without)).toMatchObject({ wrong: 3, repaired: 0 });
    const useless = { ...verifyName(id), repair: [{ column: 'first', expression: "'Eve'" }] };
    expect(await verify(true, 'beforePublish', useless)).toMatchObject({ wrong: 3, repaired: 0 });
  });

  it('leaves alone what a new client wrote after publish, which only the second predicate knows', async () => {
    await admin.query("UPDATE shop.people SET first = 'Mary Ann' WHERE id = 7");
    expect(await verify(true, 'afterPublish')).toMatchObject({ wrong: 0 });
    expect(await verify(false, 'beforePublish')).toMatchObject({ wrong: 1 });
  });

  it('does not repair a row that a client puts right while the repair waits for it', async () => {
    await admin.query("UPDATE shop.people SET first = 'Bob' WHERE id IN (7, 8)");
    const client = await openSession(url, { applicationName: 'client', schema: 'shop' });
    await client.query('BEGIN');
    await client.query("UPDATE people SET first = 'Mary Ann' WHERE id = 7");
    const verifying = verify(true, 'afterPublish');
    await expect
      .poll(waiting, {
        interval: 5,
      })
      .toBe(1);
    await client.query('COMMIT');
    expect(await verifying).toMatchObject({ wrong: 2, repaired: 2 });
    const { rows } = await admin.query('SELECT first FROM shop.people WHERE id IN (7, 8) ORDER BY id');
    expect(rows.map((row) => row.first)).toEqual(['Mary Ann', 'Mary']);
    await client.close();
  });

  it('does not repair for an epoch or a phase that is over', async () => {
    await admin.query("UPDATE shop.people SET first = 'Bob' WHERE id = 7");
    const stalled = await openSession(url, { applicationName: 'client', schema: 'shop' });
    await stalled.query('BEGIN');
    await stalled.query('SELECT FROM people WHERE id = 7 FOR UPDATE');
    const verifying = verify(true);
    const refused = expect(verifying).rejects.toMatchObject({ name: 'FenceLost' });
    await expect
      .poll(waiting, {
        interval: 5,
      })
      .toBe(1);
    await setFencePhase(admin, fence, 'publish');
    await stalled.query('COMMIT');
    await refused;
    await stalled.close();
    await takeFence(admin, { ...fence, epoch: 2 }, { name: 'split', schema: 'shop', phase: 'verify' });
    await expect(verify(true)).rejects.toMatchObject({ name: 'FenceLost' });
    const { rows } = await admin.query('SELECT first FROM shop.people WHERE id = 7');
    expect(rows[0]?.first).toBe('Bob');
    await admin.query('DELETE FROM theseus.fence');
  });

  it('refuses to verify a table of which row security hides rows', async () => {
    await admin.query(
      `DO $$ BEGIN CREATE ROLE theseus_verify_owner LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$`,
    );
    await admin.query('GRANT USAGE ON SCHEMA shop, theseus TO theseus_verify_owner');
    await admin.query('GRANT SELECT, UPDATE ON theseus.fence TO theseus_verify_owner');
    await admin.query('ALTER TABLE shop.people OWNER TO theseus_verify_owner');
    await admin.query('ALTER TABLE shop.people ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY');
    await admin.query('CREATE POLICY few ON shop.people USING (id < 10)');
    const asOwner: typeof open = async (purpose, given) => {
      const session = await open(purpose, given);
      await session.query('SET ROLE theseus_verify_owner');
      return session;
    };
    const verifying = verifyRange(
      asOwner,
      verifyName(id),
      'beforePublish',
      everything,
      null,
      fence,
      options(true),
    );
    await expect(verifying).rejects.toMatchObject({ name: 'RightsMissing' });
    await admin.query('ALTER TABLE shop.people OWNER TO CURRENT_USER');
    await admin.query('DROP OWNED BY theseus_verify_owner');
    await admin.query('DROP ROLE theseus_verify_owner');
  });
});
