import { readFile } from 'node:fs/promises';
import pg from 'pg';

/**
 * What the shop holds before anyone writes to it. The same formulas stand here in JavaScript and in the SQL below,
 * so that a test or the demo knows every row without asking the product.
 */
const firstNames = [
  'Ada',
  'Juan de la',
  'Mary Ann',
  'Grace',
  'Søren',
  'Li',
  'Zoë',
  'Edsger',
  'Barbara',
  'Donald',
];
const lastNames = [
  'Lovelace',
  'Cruz',
  'Smith',
  'Hopper',
  'Kierkegaard',
  'Wei',
  "O'Neill",
  'Dijkstra',
  'Liskov',
  'Knuth',
];

const at = (list: readonly string[], index: number): string => list[index % list.length] ?? '';
export const initialName = (id: number): string =>
  `${at(firstNames, id)} ${at(lastNames, Math.floor(id / 7))}`;
export const initialAmount = (id: number): number => (id * 37) % 100_000;
export const initialNote = (id: number): string | null => (id % 3 === 0 ? null : `note ${id}`);
export const initialQuantity = (id: number): number => (id % 9) + 1;

const sqlArray = (list: readonly string[]) =>
  `ARRAY[${list.map((one) => `'${one.replaceAll("'", "''")}'`).join(', ')}]`;

export interface ShopSize {
  customers: number;
  orders: number;
  items: number;
}

/** Creates the shop's tables in an empty database and fills them: ids from 1, order i of customer ((i − 1) mod customers) + 1. */
export async function fillShop(url: string, size: ShopSize): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  // A server that goes away is reported by the query it interrupts.
  client.on('error', () => {});
  await client.connect();
  try {
    await client.query(await readFile(new URL('../shop.sql', import.meta.url), 'utf8'));
    await client.query(
      `INSERT INTO customers (name, email)
       SELECT (${sqlArray(firstNames)})[i % ${firstNames.length} + 1] || ' ' || (${sqlArray(lastNames)})[(i / 7) % ${lastNames.length} + 1],
              'customer' || i || '@shop.example'
       FROM generate_series(1, $1::int) AS i`,
      [size.customers],
    );
    await client.query(
      `INSERT INTO orders (customer_id, amount, note)
       SELECT (i - 1) % $2::int + 1, (i::bigint * 37) % 100000, CASE WHEN i % 3 = 0 THEN NULL ELSE 'note ' || i END
       FROM generate_series(1, $1::int) AS i`,
      [size.orders, size.customers],
    );
    await client.query(
      `INSERT INTO items (order_id, sku, quantity)
       SELECT (i - 1) % $2::int + 1, 'sku-' || i % 500, i % 9 + 1 FROM generate_series(1, $1::int) AS i`,
      [size.items, size.orders],
    );
    await client.query('VACUUM (ANALYZE) customers, orders, items');
  } finally {
    await client.end();
  }
}
