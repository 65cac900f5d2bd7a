import { quoteIdentifier } from '../../sql/identifiers.ts';
import { type Column, type Constraint, type Index, Snapshot, type Table } from '../snapshot.ts';

/** A column for a hand-written snapshot: nullable, without a default, its name also its physical name. */
export function column(name: string, type: string, facts: Partial<Column> = {}): Column {
  return {
    name,
    physical: name,
    type,
    notNull: false,
    default: null,
    identity: false,
    generated: false,
    comment: null,
    ...facts,
  };
}

/** A table for a hand-written snapshot: a primary key `id bigint` first, then the columns given. */
export function table(name: string, oid: number, columns: Column[], facts: Partial<Table> = {}): Table {
  const primary = `${name}_pkey`;
  return {
    name,
    physical: name,
    oid,
    kind: 'table',
    columns: [column('id', 'bigint', { notNull: true, identity: true }), ...columns],
    key: ['id'],
    referencedBy: [],
    triggers: [],
    dependants: [],
    publications: [],
    rowSecurity: false,
    owner: 'shop',
    grants: [],
    comment: null,
    estimatedRows: 1_000,
    bytes: 65_536,
    ...facts,
    indexes: [
      {
        name: primary,
        columns: ['id'],
        unique: true,
        primary: true,
        valid: true,
        definition: `CREATE UNIQUE INDEX ${quoteIdentifier(primary)} ON public.${quoteIdentifier(name)} USING btree (id)`,
        constraint: primary,
      },
      ...(facts.indexes ?? []),
    ],
    constraints: [
      {
        name: primary,
        type: 'primary_key',
        columns: ['id'],
        definition: 'PRIMARY KEY (id)',
        validated: true,
        references: null,
      },
      ...(facts.constraints ?? []),
    ],
  };
}

/** A UNIQUE constraint and its index. */
export function unique(
  on: string,
  name: string,
  columns: string[],
): { index: Index; constraint: Constraint } {
  const list = columns.join(', ');
  return {
    index: {
      name,
      columns,
      unique: true,
      primary: false,
      valid: true,
      definition: `CREATE UNIQUE INDEX ${name} ON public.${on} USING btree (${list})`,
      constraint: name,
    },
    constraint: {
      name,
      type: 'unique',
      columns,
      definition: `UNIQUE (${list})`,
      validated: true,
      references: null,
    },
  };
}

/** A plain index on columns. */
export function index(on: string, name: string, columns: string[]): Index {
  const definition = `CREATE INDEX ${name} ON public.${on} USING btree (${columns.join(', ')})`;
  return { name, columns, unique: false, primary: false, valid: true, definition, constraint: null };
}

/** A snapshot of schema public on PostgreSQL 18 with these tables. */
export function snapshot(tables: Table[], facts: Partial<Snapshot> = {}): Snapshot {
  return Snapshot.parse({
    serverVersion: 180_004,
    schema: 'public',
    tables,
    takenNames: tables.flatMap((each) => [each.physical, ...each.indexes.map((one) => one.name)]),
    schemas: ['public', 'theseus'],
    currentVersion: null,
    currentLogin: null,
    schemaGrants: [],
    volatileFunctions: [],
    replicationSlots: [],
    standbys: 0,
    fragileStatements: [],
    ...facts,
  });
}

/** The shop of examples/shop.sql. */
export function shop(facts: Partial<Snapshot> = {}): Snapshot {
  const email = unique('customers', 'customers_email_key', ['email']);
  const created = column('created_at', 'timestamp with time zone', { notNull: true, default: 'now()' });
  const pointsTo = (name: string, from: string, to: string): Constraint => ({
    name,
    type: 'foreign_key',
    columns: [from],
    definition: `FOREIGN KEY (${from}) REFERENCES public.${to}(id)`,
    validated: true,
    references: { schema: 'public', table: to, columns: ['id'] },
  });
  const customerKey = pointsTo('orders_customer_id_fkey', 'customer_id', 'customers');
  const orderKey = pointsTo('items_order_id_fkey', 'order_id', 'orders');
  return snapshot(
    [
      table(
        'customers',
        101,
        [column('name', 'text', { notNull: true }), column('email', 'text', { notNull: true }), created],
        {
          indexes: [email.index],
          constraints: [email.constraint],
          referencedBy: [
            {
              schema: 'public',
              table: 'orders',
              oid: 102,
              constraint: customerKey.name,
              columns: ['customer_id'],
              referencedColumns: ['id'],
              definition: customerKey.definition,
            },
          ],
        },
      ),
      table(
        'orders',
        102,
        [
          column('customer_id', 'bigint', { notNull: true }),
          column('amount', 'integer', { notNull: true, default: '0' }),
          column('note', 'text'),
          created,
        ],
        {
          indexes: [index('orders', 'orders_customer_id', ['customer_id'])],
          constraints: [customerKey],
          referencedBy: [
            {
              schema: 'public',
              table: 'items',
              oid: 103,
              constraint: orderKey.name,
              columns: ['order_id'],
              referencedColumns: ['id'],
              definition: orderKey.definition,
            },
          ],
        },
      ),
      table(
        'items',
        103,
        [
          column('order_id', 'bigint', { notNull: true }),
          column('sku', 'text', { notNull: true }),
          column('quantity', 'integer', { notNull: true }),
        ],
        {
          indexes: [index('items', 'items_order_id', ['order_id'])],
          constraints: [orderKey],
        },
      ),
    ],
    facts,
  );
}
