import pg from 'pg';
import type { ShopModel } from './application.ts';
import { initialAmount, initialName, initialQuantity, type ShopSize } from './data.ts';

/** What a check of the whole shop found; `wrong` holds at most 20 sentences. */
export interface ShopCheck {
  rows: number;
  wrongRows: number;
  wrong: string[];
}

/** How names are split: the last word is the last name. Written here again, independently of the migration's SQL. */
export function split(name: string): [string, string] {
  const at = name.lastIndexOf(' ');
  return at < 0 ? ['', name] : [name.slice(0, at), name.slice(at + 1)];
}

/**
 * Reads every row through plain SQL and compares it with the initial data and what the applications say they wrote.
 * `form` says whether the old tables or a version schema of the new ones are read.
 */
export async function checkShop(
  url: string,
  form: { version: 'old' } | { version: 'new'; schema: string },
  size: ShopSize,
  models: readonly ShopModel[],
): Promise<ShopCheck> {
  const names = new Map(
    models.flatMap((model) => model.names.map(([id, first, last]) => [id, [first, last]] as const)),
  );
  const amounts = new Map(models.flatMap((model) => model.amounts));
  const unsure = new Set(models.flatMap((model) => model.unsure));
  const result: ShopCheck = { rows: 0, wrongRows: 0, wrong: [] };
  const report = (sentence: string): void => {
    result.wrongRows++;
    if (result.wrong.length < 20) result.wrong.push(sentence);
  };
  const schema = form.version === 'old' ? 'public' : form.schema;
  const quoted = `"${schema.replaceAll('"', '""')}"`;
  const client = new pg.Client({ connectionString: url });
  // A server that goes away is reported by the query it interrupts.
  client.on('error', () => {});
  await client.connect();

  async function eachRow(text: string, look: (row: Record<string, string | null>) => void): Promise<number> {
    let seen = 0;
    for (let last = 0; ; ) {
      const { rows } = await client.query<Record<string, string | null>>(
        `${text} WHERE id > ${last} ORDER BY id LIMIT 20000`,
      );
      for (const row of rows) look(row);
      seen += rows.length;
      const final = rows.at(-1);
      if (final === undefined || rows.length < 20_000) return seen;
      last = Number(final.id);
    }
  }
  const expectCount = (what: string, found: number, expected: number, lost: boolean): void => {
    result.rows += found;
    if (found !== expected && !(lost && found > expected))
      report(`${what}: ${found} rows, expected ${expected}`);
  };

  try {
    const columns = form.version === 'old' ? 'id, name' : 'id, first_name, last_name';
    const customers = await eachRow(`SELECT ${columns} FROM ${quoted}.customers`, (row) => {
      const id = Number(row.id);
      if (unsure.has(id)) return;
      const written = names.get(id);
      const [first, last] = written ?? split(initialName(id));
      const found = form.version === 'old' ? row.name : `${row.first_name}|${row.last_name}`;
      const expected = form.version === 'old' ? `${first} ${last}` : `${first}|${last}`;
      if (found !== expected) report(`customer ${id}: found ${found}, expected ${expected}`);
    });
    expectCount(
      'customers',
      customers,
      size.customers + models.flatMap((m) => m.addedCustomers).length,
      unsure.size > 0,
    );

    const status = form.version === 'new' ? ', status' : '';
    const orders = await eachRow(`SELECT id, amount${status} FROM ${quoted}.orders`, (row) => {
      const id = Number(row.id);
      if (unsure.has(id)) return;
      const expected = amounts.get(id) ?? initialAmount(id);
      if (Number(row.amount) !== expected) report(`order ${id}: amount ${row.amount}, expected ${expected}`);
      if (status !== '' && row.status === null) report(`order ${id}: no status`);
    });
    expectCount('orders', orders, size.orders + models.flatMap((m) => m.addedOrders).length, unsure.size > 0);

    const table = form.version === 'old' ? 'items' : 'order_items';
    const items = await eachRow(`SELECT id, quantity FROM ${quoted}.${table}`, (row) => {
      const id = Number(row.id);
      if (id <= size.items && Number(row.quantity) !== initialQuantity(id))
        report(`item ${id}: quantity ${row.quantity}`);
    });
    expectCount(
      'items',
      items,
      size.items + models.reduce((sum, m) => sum + m.addedItems, 0),
      unsure.size > 0,
    );
  } finally {
    await client.end();
  }
  return result;
}
