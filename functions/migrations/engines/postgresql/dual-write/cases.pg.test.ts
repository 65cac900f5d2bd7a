import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDatabase } from '#local/postgres/shared.ts';
import { inTransaction, type Session } from '../connection.ts';
import { addGroups, rebuildClients, removeGroups } from './apply.ts';
import { chain, client, createShop, customers, splitName } from './shop.ts';

let url: string;
let session: Session;
const clients: pg.Client[] = [];

async function as(path: string): Promise<pg.Client> {
  const opened = await client(url, path);
  clients.push(opened);
  return opened;
}

async function rowOf(id: number): Promise<Record<string, unknown> | undefined> {
  const { rows } = await session.query(
    'SELECT name, first_name, last_name, _theseus_loud AS loud FROM public.customers WHERE id = $1',
    [id],
  );
  return rows[0];
}

const mary = { name: 'Mary Ann Smith', first_name: 'Mary', last_name: 'Ann Smith', loud: null };

beforeEach(async () => {
  url = await createDatabase('dual');
  session = await createShop(url, false);
});

afterEach(async () => {
  await Promise.all(clients.splice(0).map((opened) => opened.end()));
  await session.close();
});

describe('dual write between two versions', () => {
  it('keeps what each side wrote, whatever a function of the other would make of it', async () => {
    const old = await as('public');
    const new_ = await as('public_v2, public');
    await old.query(`INSERT INTO customers (id, name) VALUES (1, 'Mary Ann Smith'), (2, 'Juan de la Cruz')`);
    expect(await rowOf(1)).toEqual(mary);
    expect(await rowOf(2)).toEqual({
      ...mary,
      name: 'Juan de la Cruz',
      first_name: 'Juan',
      last_name: 'de la Cruz',
    });
    await new_.query(`INSERT INTO customers (id, first_name, last_name) VALUES (3, 'Mary Ann', 'Smith')`);
    expect(await rowOf(3)).toEqual({ ...mary, first_name: 'Mary Ann', last_name: 'Smith' });
    await new_.query(`UPDATE customers SET last_name = 'Jones' WHERE id = 3`);
    expect(await rowOf(3)).toEqual({
      ...mary,
      name: 'Mary Ann Jones',
      first_name: 'Mary Ann',
      last_name: 'Jones',
    });
    await old.query(`UPDATE customers SET name = 'Ann Lee' WHERE id = 3`);
    expect(await rowOf(3)).toEqual({ ...mary, name: 'Ann Lee', first_name: 'Ann', last_name: 'Lee' });
    await old.query(`UPDATE customers SET email = 'a@b' WHERE id = 3`);
    await new_.query(`UPDATE customers SET email = 'a@c' WHERE id = 3`);
    expect(await rowOf(3)).toMatchObject({ name: 'Ann Lee', first_name: 'Ann' });
  });

  it('tells clients by what they fill when names are qualified or the path says nothing', async () => {
    const pooled = await as('public');
    await pooled.query(
      `INSERT INTO public_v2.customers (id, first_name, last_name) VALUES (1, 'Mary Ann', 'Smith')`,
    );
    expect(await rowOf(1)).toMatchObject({ name: 'Mary Ann Smith', first_name: 'Mary Ann' });
    await pooled.query(`UPDATE public_v2.customers SET first_name = 'Jo' WHERE id = 1`);
    expect(await rowOf(1)).toMatchObject({ name: 'Jo Smith', first_name: 'Jo', last_name: 'Smith' });
    const new_ = await as('public_v2, public');
    await new_.query(`INSERT INTO public.customers (id, name) VALUES (2, 'Mary Ann Smith')`);
    expect(await rowOf(2)).toEqual(mary);
    await new_.query(`UPDATE public.customers SET name = 'Bo Li' WHERE id = 2`);
    expect(await rowOf(2)).toMatchObject({ name: 'Bo Li', first_name: 'Bo', last_name: 'Li' });
  });

  it('tells a new client that fills nothing by its path, or by a NOT NULL column that it leaves out', async () => {
    await session.query('ALTER TABLE public.customers ALTER name DROP NOT NULL');
    const new_ = await as('public_v2, public');
    await new_.query('INSERT INTO customers (id, first_name) VALUES (1, NULL)');
    expect(await rowOf(1)).toEqual({ name: null, first_name: null, last_name: null, loud: null });
    await session.query('DELETE FROM public.customers');
    await inTransaction(session, async () => {
      await removeGroups(session, [{ table: customers, group: 'g1' }]);
      await session.query('ALTER TABLE public.customers ALTER name SET NOT NULL');
      const downs = [{ column: 'name', expression: `coalesce(NEW."first_name", 'nobody')` }];
      await addGroups(session, [{ table: customers, group: { ...splitName, downs } }]);
    });
    const pooled = await as('public');
    await pooled.query('INSERT INTO public_v2.customers (id) VALUES (2)');
    expect(await rowOf(2)).toMatchObject({ name: 'nobody', first_name: null });
  });

  it('carries upserts through the view and on the plain table, and COPY', async () => {
    const old = await as('public');
    const new_ = await as('public_v2, public');
    for (const first of ['Mary', 'Jo']) {
      await new_.query(
        `INSERT INTO customers (id, first_name, last_name, email) VALUES (1, $1, 'Smith', 'm@x')
         ON CONFLICT (email) DO UPDATE SET first_name = EXCLUDED.first_name`,
        [first],
      );
    }
    expect(await rowOf(1)).toMatchObject({ name: 'Jo Smith', first_name: 'Jo', last_name: 'Smith' });
    await old.query(
      `INSERT INTO customers (id, name, email) VALUES (9, 'Al Bo', 'm@x') ON CONFLICT (email) DO UPDATE SET name = EXCLUDED.name`,
    );
    expect(await rowOf(1)).toMatchObject({ name: 'Al Bo', first_name: 'Al', last_name: 'Bo' });
    await pipeline(
      Readable.from(['7\tMary Ann Smith\n']),
      old.query(copyFrom('COPY customers (id, name) FROM STDIN')),
    );
    expect(await rowOf(7)).toEqual(mary);
  });

  it('lets the backfill pass, and fires where replication turns ordinary triggers off', async () => {
    const worker = await as('public');
    await worker.query(`SET theseus.worker = 'backfill'`);
    await worker.query(`INSERT INTO customers (id, name) VALUES (1, 'Mary Ann Smith')`);
    expect(await rowOf(1)).toMatchObject({ first_name: null });
    await worker.query(`UPDATE customers SET first_name = 'M', last_name = 'S' WHERE id = 1`);
    expect(await rowOf(1)).toMatchObject({ name: 'Mary Ann Smith', first_name: 'M' });
    await worker.query(`SET theseus.worker = ''; SET session_replication_role = replica`);
    await worker.query(`INSERT INTO customers (id, name) VALUES (2, 'Mary Ann Smith')`);
    expect(await rowOf(2)).toEqual(mary);
  });

  it('has the last word after triggers of the user, also those named with tildes', async () => {
    await session.query(`CREATE FUNCTION public.tidy() RETURNS trigger LANGUAGE plpgsql AS
      $f$ BEGIN NEW.name := pg_catalog.btrim(NEW.name); RETURN NEW; END $f$`);
    await session.query(
      'CREATE TRIGGER "~t" BEFORE INSERT OR UPDATE ON public.customers FOR EACH ROW EXECUTE FUNCTION public.tidy()',
    );
    const old = await as('public');
    await old.query(`INSERT INTO customers (id, name) VALUES (1, '  Mary Ann Smith ')`);
    expect(await rowOf(1)).toEqual(mary);
  });

  it('computes the same whatever time zone, date style or path its client has', async () => {
    await session.query('ALTER TABLE public.customers ADD at timestamptz, ADD day text');
    await inTransaction(session, () =>
      addGroups(session, [
        {
          table: customers,
          group: {
            id: 'day',
            migration: 'm1',
            position: 0,
            version: 'public_v2',
            old: ['at'],
            shared: [],
            new: [{ column: 'day', type: 'text' }],
            ups: [{ column: 'day', expression: 'NEW."at"::date::text' }],
            downs: [],
            guards: [],
          },
        },
      ]),
    );
    const far = await as('public');
    await far.query(`SET TimeZone = 'Pacific/Auckland'; SET DateStyle = 'SQL, DMY'`);
    await far.query(`INSERT INTO customers (id, name, at) VALUES (1, 'A B', '2026-03-01T23:30:00Z')`);
    const { rows } = await session.query('SELECT day FROM public.customers');
    const { rows: pinned } = await session.query(
      `SELECT timestamptz '2026-03-01T23:30:00Z'::date::text AS day`,
    );
    expect(rows).toEqual(pinned);
    expect(rows[0]?.day).not.toBe('02/03/2026');
  });

  it('refuses what the new version forbids to its clients, and not to the old ones', async () => {
    await inTransaction(session, async () => {
      await removeGroups(session, [{ table: customers, group: 'g1' }]);
      const guards = [
        {
          constraint: 'first_nn',
          column: 'first_name',
          code: '23502' as const,
          expression: 'NEW."first_name" IS NOT NULL',
        },
        {
          constraint: 'short',
          column: null,
          code: '23514' as const,
          expression: `coalesce(length(NEW."last_name") < 10, true)`,
        },
      ];
      await addGroups(session, [{ table: customers, group: { ...splitName, guards } }]);
    });
    const old = await as('public');
    await old.query(`INSERT INTO customers (id, name) VALUES (1, 'Al Wolfeschlegelsteinhausen')`);
    const new_ = await as('public_v2, public');
    await expect(new_.query(`INSERT INTO customers (last_name) VALUES ('x')`)).rejects.toMatchObject({
      code: '23502',
      column: 'first_name',
      table: 'customers',
    });
    await expect(
      new_.query(`UPDATE customers SET last_name = 'Wolfeschlegelsteinhausen!' WHERE id = 1`),
    ).rejects.toMatchObject({ code: '23514', constraint: 'short' });
    await new_.query(`UPDATE customers SET email = 'x' WHERE id = 1`);
    await new_.query(`UPDATE customers SET last_name = 'Wolf' WHERE id = 1`);
    expect(await rowOf(1)).toMatchObject({ name: 'Al Wolf' });
  });

  it('lets a derived column follow its source until somebody writes over it, in either direction', async () => {
    await session.query('ALTER TABLE public.customers ADD host text, ADD was text');
    await inTransaction(session, () =>
      addGroups(session, [
        {
          table: customers,
          group: {
            ...splitName,
            id: 'host',
            old: ['email'],
            new: [{ column: 'host', type: 'text' }],
            downs: [],
            ups: [{ column: 'host', expression: `split_part(NEW."email", '@', 2)` }],
          },
        },
        {
          table: customers,
          group: {
            ...splitName,
            id: 'was',
            old: ['was'],
            shared: ['email'],
            new: [],
            ups: [],
            downs: [{ column: 'was', expression: 'upper(NEW."email")' }],
          },
        },
      ]),
    );
    const read = async () => (await session.query('SELECT email, host, was FROM public.customers')).rows[0];
    const old = await as('public');
    await old.query(`INSERT INTO customers (id, name, email, was) VALUES (1, 'A B', 'a@x', 'kept')`);
    expect(await read()).toEqual({ email: 'a@x', host: 'x', was: 'kept' });
    await old.query(`UPDATE customers SET email = 'a@y'`);
    expect(await read()).toEqual({ email: 'a@y', host: 'y', was: 'kept' });
    await old.query(`UPDATE customers SET host = 'mine', was = 'A@Y'`);
    await old.query(`UPDATE customers SET email = 'a@z'`);
    expect(await read()).toEqual({ email: 'a@z', host: 'mine', was: 'A@Z' });
  });

  it('lets a column that both versions write move the side that its writer does not see', async () => {
    await session.query('ALTER TABLE public.customers ADD middle text');
    await session.query(
      'CREATE OR REPLACE VIEW public_v2.customers WITH (security_invoker=true) AS SELECT id, first_name, last_name, email, middle FROM public.customers',
    );
    await inTransaction(session, async () => {
      await removeGroups(session, [{ table: customers, group: 'g1' }]);
      const downs = [
        { column: 'name', expression: `concat_ws(' ', NEW."first_name", NEW."middle", NEW."last_name")` },
      ];
      await addGroups(session, [{ table: customers, group: { ...splitName, shared: ['middle'], downs } }]);
    });
    const old = await as('public');
    const new_ = await as('public_v2, public');
    await new_.query(
      `INSERT INTO customers (id, first_name, last_name, middle) VALUES (1, 'Mary', 'Smith', 'Ann')`,
    );
    expect(await rowOf(1)).toMatchObject({ name: 'Mary Ann Smith', first_name: 'Mary', last_name: 'Smith' });
    await new_.query(`UPDATE customers SET middle = 'Eve'`);
    expect(await rowOf(1)).toMatchObject({ name: 'Mary Eve Smith', first_name: 'Mary', last_name: 'Smith' });
    await old.query(`UPDATE customers SET middle = 'Zoe'`);
    expect(await rowOf(1)).toMatchObject({ name: 'Mary Eve Smith', first_name: 'Mary', last_name: 'Smith' });
    await old.query(`UPDATE customers SET name = 'Al Bo', middle = NULL`);
    expect(await rowOf(1)).toMatchObject({ name: 'Al Bo', first_name: 'Al', last_name: 'Bo' });
  });

  it('leaves nothing behind when its groups end', async () => {
    await chain(session);
    await inTransaction(session, () =>
      removeGroups(
        session,
        ['g2', 'g1', 'unknown'].map((group) => ({ table: customers, group })),
      ),
    );
    const { rows } = await session.query(
      `SELECT (SELECT count(*)::int FROM pg_trigger WHERE tgrelid = 'public.customers'::regclass AND NOT tgisinternal) AS triggers,
              (SELECT count(*)::int FROM pg_proc WHERE pronamespace = 'theseus'::regnamespace AND proname LIKE 'write%') AS functions`,
    );
    expect(rows).toEqual([{ triggers: 0, functions: 0 }]);
  });
});

describe('dual write through three versions', () => {
  beforeEach(() => chain(session));

  it('carries a write in the middle both ways, and one at either end all the way', async () => {
    const [v1, v2, v3] = [await as('public'), await as('public_v2, public'), await as('public_v3, public')];
    await v1.query(`INSERT INTO customers (id, name) VALUES (1, 'Mary Ann Smith')`);
    expect(await rowOf(1)).toEqual({ ...mary, loud: 'MARY' });
    await v2.query(`INSERT INTO customers (id, first_name, last_name) VALUES (2, 'Mary ann', 'Smith')`);
    expect(await rowOf(2)).toEqual({
      name: 'Mary ann Smith',
      first_name: 'Mary ann',
      last_name: 'Smith',
      loud: 'MARY ANN',
    });
    await v3.query(`INSERT INTO customers (id, first_name, last_name) VALUES (3, 'JO', 'Smith')`);
    expect(await rowOf(3)).toEqual({ name: 'Jo Smith', first_name: 'Jo', last_name: 'Smith', loud: 'JO' });
    await v3.query(`UPDATE customers SET first_name = 'AL' WHERE id = 1`);
    expect(await rowOf(1)).toEqual({
      name: 'Al Ann Smith',
      first_name: 'Al',
      last_name: 'Ann Smith',
      loud: 'AL',
    });
    await v2.query(`UPDATE customers SET first_name = 'bo' WHERE id = 1`);
    expect(await rowOf(1)).toEqual({
      name: 'bo Ann Smith',
      first_name: 'bo',
      last_name: 'Ann Smith',
      loud: 'BO',
    });
    await v1.query(`UPDATE customers SET name = 'cy Smith' WHERE id = 1`);
    expect(await rowOf(1)).toEqual({ name: 'cy Smith', first_name: 'cy', last_name: 'Smith', loud: 'CY' });
    await v3.query(`UPDATE customers SET last_name = 'Doe' WHERE id = 1`);
    expect(await rowOf(1)).toEqual({ name: 'cy Doe', first_name: 'cy', last_name: 'Doe', loud: 'CY' });
  });

  it('counts the clients of a later version that shows the table as it was among those of the newest group', async () => {
    await session.query(
      `INSERT INTO theseus.versions (schema, version, parent, migration, mapping) VALUES ('public', 'public_v4', 'public_v3', 'm4', '{}')`,
    );
    await session.query('CREATE SCHEMA public_v4');
    await session.query('CREATE VIEW public_v4.customers AS SELECT * FROM public_v3.customers');
    await rebuildClients(session, 'public');
    await session.query('ALTER TABLE public.customers ALTER name DROP NOT NULL');
    const v4 = await as('public_v4, public');
    await v4.query('INSERT INTO customers (id, last_name) VALUES (1, NULL)');
    await v4.query(`INSERT INTO customers (id, last_name) VALUES (2, 'Doe')`);
    expect(await rowOf(2)).toEqual({ name: null, first_name: null, last_name: 'Doe', loud: null });
  });
});
