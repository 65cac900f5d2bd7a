import pg from 'pg';
import { createDatabase } from '#local/postgres/shared.ts';
import { type Application, type ShopModel, startApplication } from '../../examples/shop/application.ts';
import { checkShop, type ShopCheck } from '../../examples/shop/check.ts';
import { fillShop, type ShopSize } from '../../examples/shop/data.ts';

export interface Shop {
  url: string;
  size: ShopSize;
  sql: (text: string, values?: unknown[]) => Promise<Record<string, unknown>[]>;
  /** An application of this version that writes from now on, in the rows of its own. */
  open(version: 'old' | 'new', searchPath: string | null): void;
  /** Ends the applications of a version and keeps what they know they wrote. */
  close(version: 'old' | 'new'): Promise<void>;
  /** Every failed request so far. */
  errors(): string[];
  requests(): number;
  /** Every row against the model; the applications must be closed. */
  check(version: 'old' | { schema: string }): Promise<ShopCheck>;
}

const rate = 40;
const opened: { end(): Promise<void> }[] = [];
/** Lets go of every shop of this process; stop-platforms.ts calls it after every test file. */
export async function closeShops(): Promise<void> {
  for (const one of opened.splice(0)) await one.end();
}

/** A shop to migrate on a database of its own. */
export async function openShop(rows: number, at?: string): Promise<Shop> {
  const url = at ?? (await createDatabase('chaos'));
  const size: ShopSize = { customers: rows, orders: rows, items: rows };
  await fillShop(url, size);
  const pool = new pg.Pool({ connectionString: url, max: 3 });
  pool.on('error', () => {});
  opened.push(pool);
  const running: { version: 'old' | 'new'; application: Application }[] = [];
  const models: ShopModel[] = [];
  const errors: string[] = [];
  let requests = 0;
  let seed = 1;

  return {
    url,
    size,
    sql: async (text, values = []) => (await pool.query(text, values)).rows,
    open(version, searchPath) {
      const share = { modulus: 2, remainder: version === 'old' ? 0 : 1 };
      const path = searchPath?.replaceAll(' ', '') ?? null;
      seed += 1;
      const application = startApplication({ url, version, searchPath: path, rate, share, size, seed });
      running.push({ version, application });
    },
    async close(version) {
      for (const one of running.filter((each) => each.version === version)) {
        running.splice(running.indexOf(one), 1);
        const model = await one.application.stop();
        models.push(model);
        for (const second of one.application.takeSeconds()) {
          requests += second.latencies.length;
          errors.push(...second.errors.map((error) => `${version}: ${error}`));
        }
      }
    },
    errors: () => errors,
    requests: () => requests,
    check: (version) =>
      checkShop(
        url,
        version === 'old' ? { version } : { version: 'new', schema: version.schema },
        size,
        // The later of two applications on the same rows wins.
        [...models],
      ),
  };
}

/** What a dump of the schema would show; what Theseus keeps for itself is left out. */
export async function schemaOf(sql: Shop['sql']): Promise<unknown> {
  return {
    columns: await sql(
      `SELECT table_name, column_name, data_type, is_nullable, column_default, is_identity
       FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, ordinal_position`,
    ),
    constraints: await sql(
      `SELECT conrelid::regclass::text AS "table", conname, pg_get_constraintdef(oid) AS definition, convalidated
       FROM pg_constraint WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2`,
    ),
    indexes: await sql(
      `SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1, 2`,
    ),
    invalid: await sql('SELECT indexrelid::regclass::text AS name FROM pg_index WHERE NOT indisvalid'),
    triggers: await sql(
      `SELECT tgrelid::regclass::text AS "table", tgname FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2`,
    ),
    schemas: await sql("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'public\\_%' ORDER BY 1"),
  };
}

/** As long as it is held, what runs may end and no further phase can begin. */
export const noPhase = 'LOCK TABLE theseus.fence IN SHARE MODE';

/** Runs `work` while a transaction of ours holds what `statement` locks. */
export async function holding<T>(url: string, statement: string, work: () => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(`BEGIN; ${statement}`);
    return await work();
  } finally {
    await client.end();
  }
}
