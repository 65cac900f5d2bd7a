import { clock } from '#platform/clock.ts';
import { environmentVariable } from '#platform/environment.ts';
import { Conflict, NotFound } from '#platform/errors.ts';
import { startOnce } from '#platform/executions.ts';
import { newId } from '#platform/ids.ts';
import { readJson } from '../artifacts.ts';
import { findDatabase } from '../databases/databases.ts';
import { executionInput } from '../executions/workflow.ts';
import type { MigrationRecord } from '../records.ts';
import { keys, readAll, readItem, writeItem } from '../store.ts';
import { RehearsalReport } from './report.ts';
import { type NewRehearsal, type Rehearsal, RehearsalRecord } from './schemas.ts';

/** The workflow takes at most three hours: what runs longer was cut off where no state could see it, ms. */
const longestMs = 3 * 3_600_000 + 60_000;
const cutOff = {
  name: 'ExecutionDied',
  message: 'The rehearsal was cut off before it could say what it found',
  action: 'Rehearse again: the copy that is left is dropped then.',
};

/** Stores a rehearsal and starts its workflow. Throws Conflict when there is nothing to run. */
export async function startRehearsal(
  migration: MigrationRecord,
  asked: NewRehearsal,
  by: string,
): Promise<RehearsalRecord> {
  if (migration.plan === null) {
    throw new Conflict(`Migration ${migration.id} is ${migration.status}: it has no plan to rehearse`, {
      evidence: { status: migration.status },
      action: `See: theseus migration show ${migration.id}`,
    });
  }
  if (migration.blueGreen !== null) {
    throw new Conflict(
      `Migration ${migration.id} moves a schema to another database: it is not rehearsed on a copy`,
      {
        evidence: { target: migration.blueGreen.target.name },
        action: 'Rehearse by a move of your own: restore a backup, plan it for that database, and roll back.',
      },
    );
  }
  const record: RehearsalRecord = {
    id: newId('reh'),
    migration: migration.id,
    status: 'running',
    sample: asked.sample,
    on: asked.on === undefined ? null : (await findDatabase(asked.on)).id,
    startedAt: clock.iso(),
    startedBy: by,
    endedAt: null,
    failure: null,
    reportKey: null,
    stateKey: null,
  };
  const input = { ...(await executionInput(migration)), rehearsalId: record.id };
  await saveRehearsal(record);
  const stateMachineArn = environmentVariable('MIGRATION_REHEARSAL_STATE_MACHINE_ARN');
  await startOnce(stateMachineArn, `${migration.id}-rehearsal-${record.id}`, input);
  return record;
}

/** Stores how a rehearsal stands; one that has ended stays as it ended. */
export async function saveRehearsal(record: RehearsalRecord): Promise<void> {
  await writeItem(keys.rehearsal(record.migration, record.id), record, {
    expression: 'attribute_not_exists(pk) OR #status = :running',
    names: { '#status': 'status' },
    values: { ':running': 'running' },
  });
}

/** Throws NotFound. */
export async function readRehearsal(migration: string, id: string): Promise<RehearsalRecord> {
  const record = await readItem(RehearsalRecord, keys.rehearsal(migration, id));
  if (record !== undefined) return record;
  throw new NotFound(`Migration ${migration} has no rehearsal ${id}`, {
    evidence: { migration, id },
    action: `List them: GET /migrations/${migration}/rehearsals`,
  });
}

/** Newest first. */
export async function readRehearsals(migration: string): Promise<RehearsalRecord[]> {
  const all = await readAll(RehearsalRecord, keys.migration(migration).pk, 'REHEARSAL#');
  return all.toSorted((a, b) => b.startedAt.localeCompare(a.startedAt)).slice(0, 100);
}

/** What the API shows of one, without its report. */
export function listedRehearsal({
  reportKey: _report,
  stateKey: _state,
  ...record
}: RehearsalRecord): Omit<Rehearsal, 'report'> {
  const lost = record.status === 'running' && Date.parse(record.startedAt) < clock.now() - longestMs;
  return lost ? { ...record, status: 'failed', failure: cutOff } : record;
}

export async function rehearsalView(record: RehearsalRecord): Promise<Rehearsal> {
  const report = record.reportKey === null ? null : await readJson(RehearsalReport, record.reportKey);
  return { ...listedRehearsal(record), report };
}
