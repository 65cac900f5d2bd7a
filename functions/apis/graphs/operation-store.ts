import { hash } from 'node:crypto';
import {
  nameOfOperation,
  type RecordedOperation,
  readOperation,
  usageOfOperations,
} from '#compatibility/graphql/operations.ts';
import type { Usage } from '#compatibility/usage.ts';
import { clock } from '#platform/clock.ts';
import { Conflict, type FieldProblem, InvalidInput, NotFound } from '#platform/errors.ts';
import type { ItemPage, Place } from '#platform/records.ts';
import { TooMany } from '../errors.ts';
import type { ApiRecord } from '../records.ts';
import { descriptionOf } from '../registry/descriptions.ts';
import { latestOf, versionOf } from '../registry/versions.ts';
import { deleteItem, keys, readAll, readItem, readPage, writeItem } from '../store.ts';
import { OperationRecord } from './records.ts';
import type { NewOperations, OperationView } from './schemas.ts';

const day = 86_400_000;
/** An operation that was not seen for so long counts as used no more. */
export const operationDays = 30;
/** Of one API: each is validated against both schemas when something is published. */
export const mostOperations = 2_000;

/** The schema of the newest active version of a GraphQL API; undefined when there is none. Throws Conflict for other kinds. */
export async function latestSchema(api: ApiRecord) {
  assertGraphql(api);
  const latest = latestOf(api);
  if (latest === null) return undefined;
  const description = await descriptionOf(versionOf(api, latest), 'graphql');
  return description.kind === 'graphql' ? { version: latest, description } : undefined;
}

export function assertGraphql({ id, settings }: Pick<ApiRecord, 'id' | 'settings'>): void {
  if (settings.kind === 'graphql') return;
  throw new Conflict(
    `${id} is an API of the kind ${settings.kind}: only GraphQL has subgraphs and operations`,
    {
      evidence: { api: id, kind: settings.kind },
      action: 'Make an API of the kind graphql with `theseus api set`.',
    },
  );
}

const idOf = (client: string, document: string) => hash('sha256', JSON.stringify([client, document]));

/**
 * Keeps operations of a client, each as it is known now: the same again takes the place of what was counted before.
 * Throws InvalidInput with every operation that the newest version does not take, and then keeps none; TooMany.
 */
export async function recordOperations(
  api: ApiRecord,
  { client, operations }: NewOperations,
): Promise<OperationRecord[]> {
  const latest = await latestSchema(api);
  if (latest === undefined) {
    throw new Conflict(`${api.id} has no active version that operations could be held against`, {
      evidence: { api: api.id },
      action: 'Register a version or publish a subgraph first.',
    });
  }
  const problems = operations.flatMap(({ document }, at): FieldProblem[] =>
    problemsOf(() => readOperation(document, latest.description.schema)).map(({ detail }) => ({
      pointer: `/body/operations/${at}/document`,
      detail,
    })),
  );
  if (problems.length > 0) {
    throw new InvalidInput(`Expected operations that ${api.id} ${latest.version} takes`, {
      problems: problems.slice(0, 50),
      action: 'Mend what is named, or register the version first that they are made for.',
    });
  }
  const known = new Set((await allOperations(api.id)).map(({ id }) => id));
  const records = operations.map(({ document, requests, lastSeen }) => ({
    schemaVersion: 1 as const,
    id: idOf(client, document),
    client,
    name: nameOfOperation(document),
    document,
    requests,
    lastSeen: lastSeen ?? clock.iso(),
  }));
  const count = new Set([...known, ...records.map(({ id }) => id)]).size;
  if (count > mostOperations) {
    throw new TooMany(`${api.id} would have ${count} operations, at most ${mostOperations} are kept`, {
      evidence: { api: api.id, operations: count, limit: mostOperations },
      action: 'Remove those that nobody sends: theseus api operation remove.',
    });
  }
  for (const record of records) await writeItem(keys.operation(api.id, record.id), record);
  return records;
}

function problemsOf(read: () => unknown): FieldProblem[] {
  try {
    read();
    return [];
  } catch (error) {
    if (error instanceof InvalidInput) return error.problems;
    throw error;
  }
}

const allOperations = (api: string): Promise<OperationRecord[]> => {
  const { pk, sk } = keys.operation(api, '');
  return readAll(OperationRecord, pk, sk);
};

export function listOperations(
  api: string,
  limit: number,
  from: Place | undefined,
): Promise<ItemPage<OperationRecord>> {
  const { pk, sk } = keys.operation(api, '');
  return readPage(OperationRecord, { pk, prefix: sk, limit, from });
}

/** Throws NotFound. */
export async function forgetOperation(api: string, id: string): Promise<void> {
  const key = keys.operation(api, id);
  if ((await readItem(OperationRecord, key)) === undefined) {
    throw new NotFound(`${api} has no operation ${id}`, {
      evidence: { api, operation: id },
      action: `List them with \`theseus api operation list ${api}\`.`,
    });
  }
  await deleteItem(key);
}

/** The operations that were seen in the window, or registered in it. */
export async function operationsSince(api: string, from: string): Promise<RecordedOperation[]> {
  const all = await allOperations(api);
  return all
    .filter(({ lastSeen }) => lastSeen >= from)
    .map(({ client, document, requests, lastSeen }) => ({ client, document, requests, lastSeen }));
}

/** Which fields the operations of a GraphQL API asked for in so many days up to `now` (epoch ms); null when none is known. */
export async function usageByOperations(
  api: ApiRecord,
  days = operationDays,
  now = clock.now(),
): Promise<Usage | null> {
  const latest = await latestSchema(api);
  if (latest === undefined) return null;
  const from = new Date(now - days * day).toISOString();
  const operations = await operationsSince(api.id, from);
  if (operations.length === 0) return null;
  const window = { from, to: new Date(now).toISOString(), version: latest.version };
  return usageOfOperations(operations, latest.description.schema, window);
}

export const operationView = ({ schemaVersion: _schema, ...shown }: OperationRecord): OperationView => shown;
