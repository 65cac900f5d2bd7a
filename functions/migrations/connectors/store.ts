import { z } from 'zod';
import { clock } from '#platform/clock.ts';
import { Conflict, NotFound } from '#platform/errors.ts';
import { newId } from '#platform/ids.ts';
import { absent, type ItemPage, type Place } from '#platform/records.ts';
import { databasesOfConnector } from '../databases/databases.ts';
import { ConnectorRecord, defaultConnectorId } from '../records.ts';
import { deleteItem, keys, readItem, readPage, writeItem } from '../store.ts';
import { defaultConnector } from './default.ts';
import type { Connector, ConnectorUpdate, NewConnector } from './schemas.ts';

const NameItem = z.object({ id: z.string() });

/** What the API shows of a connector: all but its external id. */
export function connectorView(record: ConnectorRecord): Connector {
  const { id, name, region, roleArn, functions, createdAt, createdBy, updatedAt } = record;
  return { id, name, region, roleArn, functions, createdAt, createdBy, updatedAt };
}

/** By id or by name; `default` is the platform's own. Throws NotFound. */
export async function findConnector(reference: string): Promise<ConnectorRecord> {
  if (reference === defaultConnectorId) return defaultConnector();
  const byId = await readItem(ConnectorRecord, keys.connector(reference));
  if (byId !== undefined) return byId;
  const named = await readItem(NameItem, keys.connectorName(reference));
  const record = named && (await readItem(ConnectorRecord, keys.connector(named.id)));
  if (record) return record;
  throw new NotFound(`There is no connector ${reference}`, {
    evidence: { connector: reference },
    action: 'List them with `theseus connector list`, or add it with `theseus connector add`.',
  });
}

/** The default connector is what was deployed; nothing about it is stored. Throws Conflict. */
export function refuseDefault(reference: string): void {
  if (reference !== defaultConnectorId) return;
  throw new Conflict(`The connector ${defaultConnectorId} is the one deployed with the platform`, {
    evidence: { connector: defaultConnectorId },
    action: 'It changes with the next deployment; give a connector of your own another name.',
  });
}

/**
 * The id a new connector of this name will have. The name is reserved first; a reservation whose connector was never
 * stored is taken over. Throws Conflict when the name is taken.
 */
export async function reserveConnectorName(name: string): Promise<string> {
  refuseDefault(name);
  const id = newId('con');
  if (await writeItem(keys.connectorName(name), { id, at: clock.iso() }, absent)) return id;
  const reserved = await readItem(NameItem, keys.connectorName(name));
  if (reserved === undefined) return reserveConnectorName(name);
  const existing = await readItem(ConnectorRecord, keys.connector(reserved.id));
  if (existing === undefined) return reserved.id;
  throw new Conflict(`There is a connector called ${name} already`, {
    evidence: { name, id: existing.id },
    action: `For a new release of its stack: theseus connector update ${name} --file <outputs.json>. Otherwise choose another name.`,
  });
}

/** Stores a connector under its reserved id. */
export async function createConnector(
  id: string,
  { name, region, roleArn, externalId, functions }: NewConnector,
  createdBy: string,
): Promise<ConnectorRecord> {
  const at = clock.iso();
  const record: ConnectorRecord = {
    schemaVersion: 1,
    version: 1,
    id,
    name,
    region,
    roleArn,
    externalId: externalId ?? null,
    functions,
    retiring: false,
    createdAt: at,
    createdBy,
    updatedAt: at,
  };
  await writeItem(keys.connectorEntry(name), { id });
  await writeItem(keys.connector(id), record);
  return record;
}

/** Writes what changed on the condition that nobody wrote between. Throws Conflict when somebody did. */
async function change(record: ConnectorRecord, set: Partial<ConnectorRecord>): Promise<ConnectorRecord> {
  const changed = { ...record, ...set, version: record.version + 1 };
  const written = await writeItem(keys.connector(record.id), changed, {
    expression: '#version = :version',
    names: { '#version': 'version' },
    values: { ':version': record.version },
  });
  if (written) return changed;
  throw new Conflict(`The connector ${record.name} was changed by somebody else at the same moment`, {
    evidence: { connector: record.id },
    action: 'Look at it, then repeat the request.',
  });
}

/** What executions use that start from now on. Throws Conflict when it was written meanwhile, or is being removed. */
export function updateConnector(
  record: ConnectorRecord,
  { region, roleArn, externalId, functions }: ConnectorUpdate,
): Promise<ConnectorRecord> {
  refuseRetiring(record);
  return change(record, {
    region,
    roleArn,
    externalId: externalId ?? null,
    functions,
    updatedAt: clock.iso(),
  });
}

/** Throws Conflict when the connector's removal began. */
export function refuseRetiring({ name, retiring }: ConnectorRecord): void {
  if (!retiring) return;
  throw new Conflict(`The connector ${name} is being removed`, {
    evidence: { connector: name },
    action: `Finish its removal: theseus connector remove ${name}. Or use another connector.`,
  });
}

/**
 * Forgets a connector that no database uses. First it is marked: a database added at the same moment either was stored
 * before, and is seen here, or sees the mark. Throws Conflict naming a database.
 */
export async function deleteConnector(found: ConnectorRecord): Promise<void> {
  const record = found.retiring ? found : await change(found, { retiring: true });
  const [database] = await databasesOfConnector(record.id);
  if (database !== undefined) {
    await change(record, { retiring: false });
    throw new Conflict(`The database ${database.name} is reached through the connector ${record.name}`, {
      evidence: { connector: record.name, database: database.name, databaseId: database.id },
      action: `Forget the database first: theseus database remove ${database.name}`,
    });
  }
  await deleteItem(keys.connectorEntry(record.name));
  await deleteItem(keys.connector(record.id));
  await deleteItem(keys.connectorName(record.name));
}

/** Before every name of a connector. */
const beginning = { pk: 'CONNECTORS', sk: ' ' };

/** The platform's own connector first, then the others by name; one page. */
export async function listConnectors(
  limit: number,
  from: Place | undefined,
): Promise<ItemPage<ConnectorRecord>> {
  const own = from === undefined ? [defaultConnector()] : [];
  const left = limit - own.length;
  if (left === 0) return { items: own, next: beginning };
  const page = await readPage(NameItem, { pk: beginning.pk, limit: left, from });
  const records = await Promise.all(
    page.items.map(({ id }) => readItem(ConnectorRecord, keys.connector(id))),
  );
  return { items: [...own, ...records.filter((record) => record !== undefined)], next: page.next };
}
