import { and, eq, gt } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import { bigint, integer, pgTable, text } from 'drizzle-orm/pg-core';
import pg from 'pg';
import type { ShopClient } from './shopper.ts';

export type Version = 'old' | 'new';

const splitName = (name: string): [string, string] => {
  const at = name.lastIndexOf(' ');
  return [name.slice(0, at), name.slice(at + 1)];
};

const poolOf = (url: string, searchPath: string | null) =>
  new pg.Pool({
    connectionString: url,
    max: 2,
    ...(searchPath === null ? {} : { options: `-c search_path=${searchPath.replaceAll(', ', ',')}` }),
  });

/** node-postgres as it is used behind a pooler: nothing prepared, nothing set on the session. */
export function plainClient(version: Version, url: string, called: string): ShopClient {
  const pool = new pg.Pool({ connectionString: url, max: 2 });
  const old = version === 'old';
  const idOf = async (query: string, values: unknown[]) =>
    Number((await pool.query(query, values)).rows[0].id);
  return {
    name: `${called} ${version}`,
    addCustomer: (email, first, last) =>
      old
        ? idOf('INSERT INTO customers (email, name) VALUES ($1, $2) RETURNING id', [
            email,
            `${first} ${last}`,
          ])
        : idOf('INSERT INTO customers (email, first_name, last_name) VALUES ($1, $2, $3) RETURNING id', [
            email,
            first,
            last,
          ]),
    async renameCustomer(id, first, last) {
      await (old
        ? pool.query('UPDATE customers SET name = $2 WHERE id = $1', [id, `${first} ${last}`])
        : pool.query('UPDATE customers SET first_name = $2, last_name = $3 WHERE id = $1', [
            id,
            first,
            last,
          ]));
    },
    async readCustomer(id) {
      const columns = old ? 'name' : 'first_name, last_name';
      const { rows } = await pool.query(`SELECT ${columns} FROM customers WHERE id = $1`, [id]);
      return old ? splitName(rows[0].name) : [rows[0].first_name, rows[0].last_name];
    },
    addOrder: (customer, amount) =>
      idOf('INSERT INTO orders (customer_id, amount) VALUES ($1, $2) RETURNING id', [customer, amount]),
    async addItem(order) {
      const table = old ? 'items' : 'order_items';
      await pool.query(`INSERT INTO ${table} (order_id, sku, quantity) VALUES ($1, 'x', 1)`, [order]);
    },
    close: () => pool.end(),
  };
}

const id = () => bigint('id', { mode: 'number' }).primaryKey().generatedByDefaultAsIdentity();
const customersOld = pgTable('customers', {
  id: id(),
  name: text('name').notNull(),
  email: text('email').notNull().unique(),
});
const customersNew = pgTable('customers', {
  id: id(),
  firstName: text('first_name').notNull(),
  lastName: text('last_name').notNull(),
  email: text('email').notNull().unique(),
});
const orders = pgTable('orders', {
  id: id(),
  customerId: bigint('customer_id', { mode: 'number' }).notNull(),
  amount: bigint('amount', { mode: 'number' }).notNull().default(0),
});
const items = (name: string) =>
  pgTable(name, {
    id: id(),
    orderId: bigint('order_id', { mode: 'number' }).notNull(),
    sku: text('sku').notNull(),
    quantity: integer('quantity').notNull(),
  });
const itemsOld = items('items');
const itemsNew = items('order_items');

const first = <T>(rows: T[]): T => {
  const [row] = rows;
  if (row === undefined) throw new Error('No row came back');
  return row;
};

/** Drizzle: typed statements with explicit columns, upserts, transactions. */
export function drizzleClient(version: Version, url: string, searchPath: string | null): ShopClient {
  const pool = poolOf(url, searchPath);
  const database = drizzle(pool);
  const addOrder: ShopClient['addOrder'] = (customerId, amount) =>
    database.transaction(async (inside) => {
      const made = await inside.insert(orders).values({ customerId, amount }).returning({ id: orders.id });
      await inside
        .select()
        .from(orders)
        .where(and(eq(orders.customerId, customerId), gt(orders.id, 0)))
        .limit(1);
      return first(made).id;
    });
  const shared = { addOrder, close: () => pool.end() };
  if (version === 'old') {
    const save = async (email: string, name: string) =>
      first(
        await database
          .insert(customersOld)
          .values({ email, name })
          .onConflictDoUpdate({ target: customersOld.email, set: { name } })
          .returning({ id: customersOld.id }),
      ).id;
    return {
      ...shared,
      name: 'Drizzle old',
      addCustomer: (email, given, family) => save(email, `${given} ${family}`),
      async renameCustomer(customer, given, family) {
        await database
          .update(customersOld)
          .set({ name: `${given} ${family}` })
          .where(eq(customersOld.id, customer));
      },
      readCustomer: async (customer) =>
        splitName(
          first(await database.select().from(customersOld).where(eq(customersOld.id, customer))).name,
        ),
      async addItem(orderId) {
        await database.insert(itemsOld).values({ orderId, sku: 'x', quantity: 1 });
      },
    };
  }
  return {
    ...shared,
    name: 'Drizzle new',
    async addCustomer(email, firstName, lastName) {
      const made = await database
        .insert(customersNew)
        .values({ email, firstName, lastName })
        .onConflictDoUpdate({ target: customersNew.email, set: { firstName, lastName } })
        .returning({ id: customersNew.id });
      return first(made).id;
    },
    async renameCustomer(customer, firstName, lastName) {
      await database.update(customersNew).set({ firstName, lastName }).where(eq(customersNew.id, customer));
    },
    async readCustomer(customer) {
      const row = first(await database.select().from(customersNew).where(eq(customersNew.id, customer)));
      return [row.firstName, row.lastName];
    },
    async addItem(orderId) {
      await database.insert(itemsNew).values({ orderId, sku: 'x', quantity: 1 });
    },
  };
}
