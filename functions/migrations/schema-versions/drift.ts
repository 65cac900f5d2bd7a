import { PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { z } from 'zod';
import { eventBridge } from '#platform/clients.ts';
import { clock } from '#platform/clock.ts';
import { environmentVariable } from '#platform/environment.ts';
import { NotFound, ServiceUnavailable, TheseusError } from '#platform/errors.ts';
import { artifactKeys, readJson, readPlan, writeJson } from '../artifacts.ts';
import type { Engine } from '../engines/engine.ts';
import { eventSource } from '../events.ts';
import { lockHolder } from '../executions/schema-lock.ts';
import type { MigrationRecord } from '../records.ts';
import { madeByFinished, madeByRunning, namesInPlan } from '../registry/attribution.ts';
import { applyChanges, changesBetween, type ObjectChange } from '../registry/diff.ts';
import { describeChanges, SchemaDifference } from '../registry/report.ts';
import type { Drift, VersionSource } from '../registry/schemas.ts';
import { SchemaObject, type SchemaShape, shapeHash } from '../registry/shape.ts';
import {
  appendVersion,
  changeHead,
  readHead,
  readShapeOf,
  type SchemaHead,
  type SchemaPlace,
} from './schema-versions.ts';

const DriftReport = z.object({
  difference: SchemaDifference,
  changes: z.array(z.object({ before: SchemaObject.nullable(), after: SchemaObject.nullable() })),
});

/** What differs from the last version, without what the migration that runs now adds itself. */
async function driftOf(place: SchemaPlace, head: SchemaHead, live: SchemaShape) {
  const last = await readShapeOf(place, head);
  const running = await lockHolder(place);
  const names = running?.planKey ? namesInPlan(await readPlan(running)) : undefined;
  const changes = changesBetween(last, live).filter(
    (change) => names === undefined || !madeByRunning(change, names),
  );
  return { last, changes };
}

const eventOf = (head: SchemaHead, type: string, actor: string, data: Record<string, string | number>) => ({
  outbox: [...head.outbox, { sequence: head.nextSequence, at: clock.iso(), type, actor, data }],
  nextSequence: head.nextSequence + 1,
});

/** Writes down what differs, since when, and an event when that is news. */
async function rememberDrift(place: SchemaPlace, changes: ObjectChange[], last: SchemaShape, by: string) {
  const hash = changes.length === 0 ? null : shapeHash(applyChanges(last, changes));
  const reportKey = artifactKeys.drift(place.databaseId, place.schema, hash ?? '');
  if (hash !== null)
    await writeJson(reportKey, { difference: describeChanges(place.schema, changes), changes });
  return changeHead(place, async (head) => {
    if (head === undefined) return undefined;
    const checkedAt = clock.iso();
    if (head.drift?.hash === (hash ?? undefined)) return { ...head, checkedAt };
    if (hash === null) return { ...head, checkedAt, drift: null, ...eventOf(head, 'drift.gone', by, {}) };
    const data = { version: head.number, changes: changes.length };
    return {
      ...head,
      checkedAt,
      drift: { since: head.drift?.since ?? checkedAt, hash, reportKey },
      ...eventOf(head, 'drift.found', by, data),
    };
  });
}

/**
 * Compares a schema with its last version and writes down what differs; the first look at a schema becomes its first
 * version. With `accept`, what differs becomes the next version.
 */
export async function checkSchema(
  engine: Engine,
  place: SchemaPlace,
  { accept, by }: { accept: boolean; by: string },
): Promise<SchemaHead | undefined> {
  const live = await engine.shape(place.schema);
  const head = await readHead(place);
  if (head === undefined) return appendVersion(place, live, { kind: 'baseline' }, by);
  const { last, changes } = await driftOf(place, head, live);
  if (!accept || changes.length === 0) return rememberDrift(place, changes, last, by);
  return appendVersion(place, applyChanges(last, changes), { kind: 'drift_accepted' }, by);
}

/** Takes a schema as it is now, without what a migration that runs adds itself, as a version of this source. */
export async function acceptSchema(
  engine: Engine,
  place: SchemaPlace,
  source: VersionSource,
  by: string,
): Promise<SchemaHead> {
  const live = await engine.shape(place.schema);
  const head = await readHead(place);
  if (head === undefined) return appendVersion(place, live, source, by);
  const { last, changes } = await driftOf(place, head, live);
  return appendVersion(place, applyChanges(last, changes), source, by);
}

const key = (change: ObjectChange) => JSON.stringify(change.after ?? [change.before]);

/** The changes that were known not to be a migration's before it ended. */
async function knownDrift(head: SchemaHead | undefined): Promise<Set<string>> {
  if (!head?.drift) return new Set();
  const { changes } = await readJson(DriftReport, head.drift.reportKey);
  return new Set(changes.map(key));
}

/**
 * Keeps the version that a migration left. What others changed stays drift. It never fails a migration for a reason
 * that would not pass: the next check looks again.
 */
export async function keepVersion(
  engine: Engine,
  record: MigrationRecord,
  outcome: Extract<VersionSource, { kind: 'migration' }>['outcome'],
): Promise<void> {
  const place = { databaseId: record.databaseId, schema: record.schema };
  const source = { kind: 'migration' as const, migration: record.id, name: record.name, outcome };
  try {
    const live = await engine.shape(place.schema);
    const head = await readHead(place);
    if (head === undefined) {
      await appendVersion(place, live, source, record.createdBy);
      return;
    }
    const names = namesInPlan(await readPlan(record));
    const known = await knownDrift(head);
    const last = await readShapeOf(place, head);
    const changes = changesBetween(last, live);
    const own = changes.filter((change) => !known.has(key(change)) && madeByFinished(change, names));
    const left = applyChanges(last, own);
    await appendVersion(place, left, source, record.createdBy);
    await rememberDrift(place, changesBetween(left, live), left, 'theseus');
  } catch (error) {
    if (!(error instanceof TheseusError) || error.retryable) throw error;
  }
}

/** Keeps a schema as it is now as the version that a migration left, all of which is the migration's. */
export async function keepShape(
  engine: Engine,
  record: MigrationRecord,
  outcome: Extract<VersionSource, { kind: 'migration' }>['outcome'],
): Promise<void> {
  const place = { databaseId: record.databaseId, schema: record.schema };
  const source = { kind: 'migration' as const, migration: record.id, name: record.name, outcome };
  await appendVersion(place, await engine.shape(place.schema), source, record.createdBy);
}

/** The last look at a schema. Throws NotFound when there was none. */
export async function readDrift(place: SchemaPlace): Promise<Drift> {
  const head = await readHead(place);
  if (head === undefined) {
    throw new NotFound(`Schema ${place.schema} was never looked at`, {
      evidence: { database: place.databaseId, schema: place.schema },
      action: 'Look at it with `theseus database drift`.',
    });
  }
  return {
    schema: place.schema,
    version: head.number,
    checkedAt: head.checkedAt,
    since: head.drift?.since ?? null,
    difference: head.drift && (await readJson(DriftReport, head.drift.reportKey)).difference,
  };
}

/** Sends what a schema's events say; consumers know an event by database, schema and sequence. Returns how many. */
export async function publishDrift(place: SchemaPlace): Promise<number> {
  const head = await readHead(place);
  const last = head?.outbox.at(-1);
  if (head === undefined || last === undefined) return 0;
  for (let start = 0; start < head.outbox.length; start += 10) {
    const Entries = head.outbox.slice(start, start + 10).map((event) => ({
      EventBusName: environmentVariable('EVENT_BUS_NAME'),
      Source: eventSource,
      DetailType: event.type,
      Time: new Date(event.at),
      Detail: JSON.stringify({ database: place.databaseId, schema: place.schema, ...event }),
    }));
    const answer = await eventBridge().send(new PutEventsCommand({ Entries }));
    if ((answer.FailedEntryCount ?? 0) > 0) {
      throw new ServiceUnavailable(`EventBridge refused ${answer.FailedEntryCount} events of a schema`, {
        evidence: { database: place.databaseId, schema: place.schema },
      });
    }
  }
  await changeHead(
    place,
    async (found) =>
      found && { ...found, outbox: found.outbox.filter(({ sequence }) => sequence > last.sequence) },
  );
  return head.outbox.length;
}
