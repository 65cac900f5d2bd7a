import { readFileSync } from 'node:fs';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Platform, startPlatform } from './harness.ts';

const roles = { theseus: 'grants_theseus', shop_owner: 'grants_owner', shop_app: 'grants_app' };
const page = readFileSync(new URL('../../docs/grants.md', import.meta.url), 'utf8');

/** The statements of the page, one each, with the names of this test. */
function statementsOf(database: string): string[] {
  const blocks = [...page.matchAll(/```sql grants\n(.*?)```/gs)].map(([, sql = '']) => sql);
  return blocks
    .join('\n')
    .replaceAll(/^--.*\n/gm, '')
    .split(/;\s*/)
    .filter((statement) => statement !== '')
    .map((statement) =>
      statement
        .replaceAll(/\b(theseus|shop_owner|shop_app)\b/g, (name) => roles[name as keyof typeof roles])
        .replace(/DATABASE shop\b/, `DATABASE ${pg.escapeIdentifier(database)}`),
    );
}

const everything = `operations:
  - create_table:
      name: invoices
      columns:
        - name: id
          type: bigint
          pk: true
        - name: partner_id
          type: bigint
          nullable: true
          references:
            name: invoices_partner
            table: partners
            column: id
  - create_index:
      name: items_sku
      table: items
      columns:
        - column: sku
  - alter_column:
      table: hidden
      column: note
      type: varchar(100)
      nullable: false
      up: coalesce(note, '')
      down: note
  - alter_column:
      table: orders
      column: amount
      type: bigint
      up: amount
      down: least(amount, 2147483647)::integer
`;

describe('a role with exactly the grants of docs/grants.md', () => {
  let platform: Platform;
  let statements: string[];
  const admin = async (work: (client: pg.Client) => Promise<unknown>) => {
    const client = new pg.Client({ connectionString: platform.url });
    await client.connect();
    await work(client).finally(() => client.end());
  };

  beforeAll(async () => {
    platform = await startPlatform({
      rows: 60,
      async connection(url) {
        const client = new pg.Client({ connectionString: url });
        await client.connect();
        for (const role of Object.values(roles)) await client.query(`DROP ROLE IF EXISTS ${role}`);
        await client.query(`CREATE ROLE ${roles.shop_owner}; CREATE ROLE ${roles.shop_app};
          CREATE TABLE partners (id bigint PRIMARY KEY);
          CREATE TABLE hidden (id bigint PRIMARY KEY, note text, partner_id bigint REFERENCES partners);
          CREATE TABLE visits (id bigint PRIMARY KEY, customer_id bigint REFERENCES customers);
          INSERT INTO hidden (id, note) SELECT n, CASE WHEN n % 2 = 0 THEN 'x' END FROM generate_series(1, 50) n;
          ALTER TABLE hidden ENABLE ROW LEVEL SECURITY;
          ALTER TABLE hidden FORCE ROW LEVEL SECURITY;
          GRANT USAGE ON SCHEMA public TO ${roles.shop_app};
          GRANT SELECT, INSERT, UPDATE ON customers, orders, items, hidden TO ${roles.shop_app}`);
        for (const table of ['customers', 'orders', 'items', 'hidden'])
          await client.query(`ALTER TABLE ${table} OWNER TO ${roles.shop_owner}`);
        statements = statementsOf(new URL(url).pathname.slice(1));
        for (const statement of statements) await client.query(statement);
        await client.end();
        const own = new URL(url);
        own.username = roles.theseus;
        own.password = 'a long one';
        return { name: 'shop', url: own.href };
      },
    });
  });
  afterAll(() =>
    admin(async (client) => {
      const { rows } = await client.query(
        `SELECT rolname FROM pg_roles WHERE rolname LIKE 'grants\\_%' ORDER BY length(rolname) DESC`,
      );
      for (const { rolname } of rows) {
        const role = pg.escapeIdentifier(rolname);
        await client.query(`DROP OWNED BY ${role} CASCADE`);
      }
      for (const { rolname } of rows) await client.query(`DROP ROLE ${pg.escapeIdentifier(rolname)}`);
    }),
  );

  /** What takes a statement back; undefined for the role itself and what is only better to have. */
  function takenBack(statement: string): string | undefined {
    if (/^CREATE ROLE|pg_monitor|ON PARAMETER/.test(statement)) return undefined;
    if (statement.startsWith('ALTER ROLE')) return statement.replace(/(BYPASSRLS|CREATEROLE)$/, 'NO$1');
    if (statement.endsWith(' WITH ADMIN OPTION')) {
      return statement
        .replace('GRANT ', 'REVOKE ADMIN OPTION FOR ')
        .replace(' TO ', ' FROM ')
        .replace(' WITH ADMIN OPTION', '');
    }
    return statement.replace('GRANT ', 'REVOKE ').replace(' TO ', ' FROM ');
  }

  it('is refused before anything runs when one of them is missing, and told which', async () => {
    const { plan } = platform;
    const text = `${everything.replaceAll('invoices', 'bills').replace('items_sku', 'items_sku_2').replace('100', '200')}`;
    const found: Record<string, string[]> = {};
    await admin(async (client) => {
      for (const statement of statements) {
        const back = takenBack(statement);
        if (back === undefined) continue;
        await client.query(back);
        const planned = await plan(text, { options: { loginRole: roles.shop_app } });
        found[statement] = (planned.plan?.findings ?? []).map(({ code }) => code);
        await client.query(statement);
      }
      const planned = await plan(text, { options: { loginRole: roles.shop_app } });
      found.all = (planned.plan?.findings ?? []).map(({ code }) => code);
    });
    const { all, ...missing } = found;
    expect(all).toEqual([]);
    expect(Object.keys(missing)).toHaveLength(7);
    for (const [statement, codes] of Object.entries(missing))
      expect({ statement, codes }).toEqual({ statement, codes: expect.arrayContaining(['right_missing']) });
  });

  it('is refused for either end of a foreign key that goes', async () => {
    const { plan } = platform;
    const problems = async (operation: string) => {
      const planned = await plan(`operations:\n${operation}`);
      return (planned.plan?.findings ?? []).map(({ problem }) => problem);
    };
    await admin(async (client) => {
      await client.query(`REVOKE MAINTAIN ON partners FROM ${roles.theseus}`);
      expect(
        await problems('  - drop_column: { table: hidden, column: partner_id, down: "NULL" }\n'),
      ).toEqual([expect.stringContaining('"partners"')]);
      await client.query(`GRANT MAINTAIN ON partners TO ${roles.theseus}`);
      expect(await problems('  - drop_table: { name: customers }\n')).toEqual([
        expect.stringContaining('"public"."visits"'),
      ]);
    });
  });

  it('migrates, undoes, migrates again and removes', async () => {
    const { plan, act, until, cloud, sql } = platform;
    const shop = await plan('05-shop.yaml', { options: { soakSeconds: 0, loginRole: roles.shop_app } });
    expect(shop.plan?.findings).toEqual([]);
    await act(shop.id, 'start');
    const completed = await until(shop.id, 'completed');
    expect(completed.login).toMatchObject({ memberOf: roles.shop_app });
    await act(shop.id, 'undo', { acceptLosses: true });
    expect(await until(shop.id, 'undone')).toMatchObject({ differences: [] });

    const options = { soakSeconds: 0, undoWindowSeconds: 3_600 };
    const other = await plan(everything, { options });
    expect(other.plan?.findings).toEqual([]);
    await act(other.id, 'start');
    await until(other.id, 'completed');
    await cloud.clock.advance(3_700_000);
    await until(other.id, 'removed');
    expect(await sql(`SELECT count(*)::int AS rows FROM hidden WHERE note IS NOT NULL`)).toEqual([
      { rows: 50 },
    ]);
  });
});
