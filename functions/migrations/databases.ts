import { z } from 'zod';
import { clock } from '#platform/clock.ts';
import { Conflict, NotFound } from '#platform/errors.ts';
import { newId } from '#platform/ids.ts';
import { DatabaseRecord, defaultConnectorId } from './records.ts';
import type { Database } from './schemas.ts';
import { absent, deleteItem, keys, type Place, readItem, readPage, writeItem } from './store.ts';

const NameItem = z.object({ id: z.string() });

/** What the API shows of a database: never its secret's content. */
export function databaseView(record: DatabaseRecord): Database {
  const { id, name, engine, schema, secretArn, facts, createdAt, createdBy } = record;
  const connector = record.connector?.name ?? defaultConnectorId;
  return { id, name, engine, schema, connector, secretArn, facts, createdAt, createdBy };
}

export type NewDatabaseRecord = Pick<
  DatabaseRecord,
  'name' | 'schema' | 'secretArn' | 'connector' | 'facts' | 'createdBy'
>;

/**
 * The id a new database of this name will have. The name is reserved first; a reservation whose database was
 * never stored is taken over. Throws Conflict when the name is taken.
 */
export async function reserveDatabaseName(name: string): Promise<string> {
  const id = newId('db');
  if (await writeItem(keys.databaseName(name), { id, at: clock.iso() }, absent)) return id;
  const reserved = await readItem(NameItem, keys.databaseName(name));
  if (reserved === undefined) return reserveDatabaseName(name);
  const existing = await readItem(DatabaseRecord, keys.database(reserved.id));
  if (existing === undefined) return reserved.id;
  throw new Conflict(`There is a database called ${name} already`, {
    evidence: { name, id: existing.id },
    action: 'Choose another name, or delete the other one first.',
  });
}

/** Stores a database under its reserved id. */
export async function createDatabase(id: string, facts: NewDatabaseRecord): Promise<DatabaseRecord> {
  const record: DatabaseRecord = {
    schemaVersion: 1,
    version: 1,
    id,
    engine: 'postgresql',
    createdAt: clock.iso(),
    ...facts,
  };
  await writeItem(keys.databaseEntry(record.name), { id });
  await writeItem(keys.database(id), record);
  return record;
}

/** By id or by name. Throws NotFound. */
export async function findDatabase(reference: string): Promise<DatabaseRecord> {
  const byId = await readItem(DatabaseRecord, keys.database(reference));
  if (byId !== undefined) return byId;
  const named = await readItem(NameItem, keys.databaseName(reference));
  const record = named && (await readItem(DatabaseRecord, keys.database(named.id)));
  if (record) return record;
  throw new NotFound(`There is no database ${reference}`, {
    evidence: { database: reference },
    action: 'List them with `theseus database list`, or add it with `theseus database add`.',
  });
}

export async function listDatabases(
  limit: number,
  from: Place | undefined,
): Promise<{ items: DatabaseRecord[]; next: Place | undefined }> {
  const page = await readPage(NameItem, { pk: 'DATABASES', limit, from });
  const records = await Promise.all(page.items.map(({ id }) => readItem(DatabaseRecord, keys.database(id))));
  return { items: records.filter((record) => record !== undefined), next: page.next };
}

/** Most databases looked through for one question, in pages of 100. */
const mostPages = 200;

/** The databases that are reached through a stored connector; those of the first page that has any. */
export async function databasesOfConnector(connectorId: string): Promise<DatabaseRecord[]> {
  let from: Place | undefined;
  for (let page = 0; page < mostPages; page += 1) {
    const { items, next } = await listDatabases(100, from);
    const found = items.filter(({ connector }) => connector?.id === connectorId);
    if (found.length > 0 || next === undefined) return found;
    from = next;
  }
  throw new Conflict('There are more databases than can be looked through in one request', {
    evidence: { looked: mostPages * 100 },
    action: 'Keep the connector: it costs nothing.',
  });
}

/** Forgets a database; its migrations stay readable. */
export async function deleteDatabase(record: DatabaseRecord): Promise<void> {
  await deleteItem(keys.databaseEntry(record.name));
  await deleteItem(keys.measuredPace(record.id));
  await deleteItem(keys.database(record.id));
  await deleteItem(keys.databaseName(record.name));
}
