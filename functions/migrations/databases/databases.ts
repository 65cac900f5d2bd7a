import { z } from 'zod';
import { clock } from '#platform/clock.ts';
import { Conflict, fieldProblems, InvalidInput, NotFound, RecordContended } from '#platform/errors.ts';
import { newId } from '#platform/ids.ts';
import { absent, type Place } from '#platform/records.ts';
import { DatabaseRecord, defaultConnectorId } from '../records.ts';
import { deleteItem, keys, readItem, readPage, writeItem } from '../store.ts';
import { type Database, Labels } from './schemas.ts';

const NameItem = z.object({ id: z.string() });

/** What the API shows of a database: never its secret's content. */
export function databaseView(record: DatabaseRecord): Database {
  const { id, name, engine, schema, labels, secretArn, facts, servedBy, createdAt, createdBy } = record;
  const connector = record.connector?.name ?? defaultConnectorId;
  return { id, name, engine, schema, labels, connector, secretArn, facts, servedBy, createdAt, createdBy };
}

export type NewDatabaseRecord = Pick<
  DatabaseRecord,
  'name' | 'schema' | 'labels' | 'secretArn' | 'connector' | 'facts' | 'createdBy'
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
    servedBy: null,
    ...facts,
  };
  await writeItem(keys.databaseEntry(record.name), { id });
  await writeItem(keys.database(id), record);
  return record;
}

const labelAttempts = 5;

/** Sets labels, takes away those that are null, leaves the others. Throws InvalidInput, RecordContended. */
export async function changeLabels(
  reference: string,
  changes: Record<string, string | null>,
): Promise<DatabaseRecord> {
  for (let attempt = 0; attempt < labelAttempts; attempt += 1) {
    const record = await findDatabase(reference);
    const kept = Object.entries({ ...record.labels, ...changes }).flatMap(([label, value]) =>
      value === null ? [] : [[label, value]],
    );
    const parsed = Labels.safeParse(Object.fromEntries(kept));
    if (!parsed.success) {
      throw new InvalidInput('The labels cannot be kept', {
        problems: fieldProblems('/body/labels', parsed.error),
        action: 'Labels are lower case names with values of 1 to 100 characters, at most 32 of them.',
      });
    }
    const changed = { ...record, labels: parsed.data, version: record.version + 1 };
    const written = await writeItem(keys.database(record.id), changed, {
      expression: '#version = :version',
      names: { '#version': 'version' },
      values: { ':version': record.version },
    });
    if (written) return changed;
  }
  throw new RecordContended(`The labels of database ${reference} were written by others at the same moment`, {
    evidence: { database: reference },
    action: 'Repeat the request.',
  });
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
