import { createHash } from 'node:crypto';
import { z } from 'zod';
import { clock } from '#platform/clock.ts';
import { NotFound, RecordContended } from '#platform/errors.ts';
import { jitteredBackoff } from '#platform/random.ts';
import { absent, type ItemPage, type Place } from '#platform/records.ts';
import { nextEvents } from '#platform/workflow-record.ts';
import { type Change, fleetWorkKey } from '../migration-store.ts';
import { deleteItem, keys, readAll, readItem, readPage, writeItem } from '../store.ts';
import { type BatchTarget, FleetRecord, type FleetTarget, TargetRecord } from './records.ts';
import type { FleetStatus } from './schemas.ts';

/** Throws NotFound when no fleet has this id. */
export async function readFleet(id: string): Promise<FleetRecord> {
  const record = await readItem(FleetRecord, keys.fleet(id));
  if (record !== undefined) return record;
  throw new NotFound(`There is no fleet ${id}`, {
    evidence: { id },
    action: 'List them with `theseus migration fleet list`.',
  });
}

const active = new Set<FleetStatus>(['running', 'baking', 'paused', 'halted', 'undoing']);
/** Whether an execution acts for the fleet now, or waits to. */
export const isFleetActive = ({ status }: Pick<FleetRecord, 'status'>): boolean => active.has(status);

const workKey = (record: FleetRecord) =>
  isFleetActive(record) || record.outbox.length > 0 ? fleetWorkKey(record) : {};

/** Stores a new fleet, entered in the list first. Storing it twice is storing it once. */
export async function createFleet(record: FleetRecord): Promise<void> {
  await writeItem(keys.fleetEntry(record.createdAt, record.id), { id: record.id });
  await writeItem(keys.fleet(record.id), { ...record, ...workKey(record) }, absent);
}

/** One page of all fleets, newest first. */
export async function listFleets(limit: number, from: Place | undefined): Promise<ItemPage<FleetRecord>> {
  const { pk } = keys.fleetEntry('', '');
  const page = await readPage(z.object({ id: z.string() }), { pk, limit, newestFirst: true, from });
  const records = await Promise.all(page.items.map(({ id }) => readItem(FleetRecord, keys.fleet(id))));
  return { items: records.filter((record) => record !== undefined), next: page.next };
}

const contentionAttempts = 12;

/** What a decision changes; events are stored in the same write. */
export interface FleetChange extends Pick<Change, 'events' | 'publishedThrough'> {
  set: Partial<Omit<FleetRecord, 'id' | 'version' | 'updatedAt' | 'outbox' | 'nextSequence'>>;
}

/**
 * Reads, decides, writes on the condition that nobody wrote between; decides anew when somebody did. `decide` returns
 * undefined to change nothing and throws to refuse. Returns the record as it is then.
 */
export async function changeFleet(
  id: string,
  decide: (record: FleetRecord) => FleetChange | undefined,
): Promise<FleetRecord> {
  for (let attempt = 0; attempt < contentionAttempts; attempt += 1) {
    const record = await readFleet(id);
    const change = decide(record);
    if (change === undefined) return record;
    const changed: FleetRecord = {
      ...record,
      ...change.set,
      version: record.version + 1,
      updatedAt: change.publishedThrough === undefined ? clock.iso() : record.updatedAt,
      ...nextEvents(record, change),
    };
    const written = await writeItem(
      keys.fleet(id),
      { ...changed, ...workKey(changed) },
      {
        expression: '#version = :version',
        names: { '#version': 'version' },
        values: { ':version': record.version },
      },
    );
    if (written) return changed;
    await clock.sleep(jitteredBackoff(attempt, 20, 1_000));
  }
  throw new RecordContended(`Fleet ${id} was written by others ${contentionAttempts} times in a row`, {
    evidence: { id },
    action: 'Repeat the request.',
  });
}

/** The migration of one attempt on one target: the same however often it is begun. */
export function migrationIdOf(
  fleetId: string,
  { databaseId, schema }: Pick<FleetTarget, 'databaseId' | 'schema'>,
  attempt: number,
): string {
  const text = JSON.stringify([fleetId, databaseId, schema, attempt]);
  return `mig_${createHash('sha256').update(text).digest('hex').slice(0, 20)}`;
}

export function freshTarget(fleetId: string, target: BatchTarget): TargetRecord {
  const { index, databaseId, database, schema, wave, attempt } = target;
  return {
    index,
    databaseId,
    database,
    schema,
    wave,
    status: 'pending',
    attempt,
    migrationId: migrationIdOf(fleetId, target, attempt),
    failure: null,
    reason: null,
    startedAt: null,
    endedAt: null,
    durationMs: null,
  };
}

export function readTarget(fleetId: string, index: number): Promise<TargetRecord | undefined> {
  return readItem(TargetRecord, keys.fleetTarget(fleetId, index));
}

/**
 * Stores where a target stands. False when a person left it out meanwhile, or began another attempt: what the caller
 * knows is old then.
 */
export async function saveTarget(fleetId: string, record: TargetRecord): Promise<boolean> {
  const written = await writeItem(keys.fleetTarget(fleetId, record.index), record, {
    expression: 'attribute_not_exists(pk) OR (#status <> :excluded AND attempt <= :attempt)',
    names: { '#status': 'status' },
    values: { ':excluded': 'excluded', ':attempt': record.attempt },
  });
  if (!written) return false;
  const failure = keys.fleetFailure(fleetId, record.wave, record.index);
  if (record.status === 'failed') await writeItem(failure, { index: record.index });
  return true;
}

/** A failed target is to be tried again, or left out: it does not count as failed any more. */
export async function forgetFailure(fleetId: string, { wave, index }: TargetRecord): Promise<void> {
  await deleteItem(keys.fleetFailure(fleetId, wave, index));
}

/** Failed targets of a wave; at most 1,000 are counted. */
export async function countFailures(fleetId: string, wave: number): Promise<number> {
  const { pk } = keys.fleet(fleetId);
  const found = await readPage(z.object({ index: z.int() }), { pk, prefix: `FAILED#${wave}#`, limit: 1_000 });
  return found.items.length;
}

/** Targets that failed and were not tried again, of all waves; at most 20,000. */
export async function readFailed(fleetId: string): Promise<TargetRecord[]> {
  const failed: TargetRecord[] = [];
  for (const { index } of await readAll(z.object({ index: z.int() }), keys.fleet(fleetId).pk, 'FAILED#')) {
    const target = await readTarget(fleetId, index);
    if (target?.status === 'failed') failed.push(target);
  }
  return failed;
}
