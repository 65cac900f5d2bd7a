import { z } from 'zod';
import { readArtifact } from '#platform/artifacts.ts';
import { readFailure } from '#platform/causes.ts';
import { clock } from '#platform/clock.ts';
import { task } from '#platform/task.ts';
import { artifactKeys, readJson, readPlan, writeJson } from '../artifacts.ts';
import { parseDataFile } from '../data/file.ts';
import { findDatabase } from '../databases/databases.ts';
import { connectionString, runOptions } from '../databases/target.ts';
import { parseMigrationFile } from '../file/parse.ts';
import { readMigration } from '../migration-store.ts';
import { readMeasuredPace } from '../planning/measured-pace.ts';
import type { MigrationRecord } from '../records.ts';
import { dropCopies, rehearsePart, reportOf } from '../rehearsal/on-copy.ts';
import { RehearsalId, type RehearsalRecord } from '../rehearsal/schemas.ts';
import { RehearsalState } from '../rehearsal/state.ts';
import { readRehearsal, saveRehearsal } from '../rehearsal/store.ts';
import { MigrationId } from '../schemas.ts';

const common = { migrationId: MigrationId, rehearsalId: RehearsalId };

/** Where the copy is made. */
async function serverOf(rehearsal: RehearsalRecord, databaseId: string): Promise<string> {
  const database = await findDatabase(rehearsal.on ?? databaseId);
  return connectionString(database.secretArn);
}

/** What is rehearsed, of which databases. */
async function askedOf(record: MigrationRecord, { id, sample }: RehearsalRecord) {
  const { options, fileName, databaseId, schema } = record;
  const url = async (database: string) => connectionString((await findDatabase(database)).secretArn);
  const text = await readArtifact(record.fileKey);
  const { data } = await readPlan(record);
  return {
    id,
    sample,
    schema,
    source: await url(databaseId),
    from: data === undefined ? undefined : await url(data.source.databaseId),
    rehearsed:
      data === undefined
        ? { kind: 'schema' as const, file: parseMigrationFile(text, { fileName }) }
        : { kind: 'data' as const, file: parseDataFile(text, { fileName }), fromSchema: data.source.schema },
    measured: await readMeasuredPace(databaseId),
    allViews: options.allViews,
    strict: options.validationLevel === 'strict',
  };
}

/**
 * Runs a migration on a copy and stores the report. Where one invocation is too short the next goes on on the same copy
 * (`running`); a run that is cut off goes on where it stored last, and makes the copy anew where that was not made yet. `end` drops what a failed run may
 * have left, and says what it failed with.
 */
export const handler = task({
  name: 'rehearse-migration',
  input: z.discriminatedUnion('step', [
    z.strictObject({ ...common, step: z.literal('run') }),
    z.strictObject({ ...common, step: z.literal('end'), error: z.string(), cause: z.string() }),
  ]),
  output: z.strictObject({ status: z.enum(['running', 'passed', 'failed']) }),
  async handler(input, tools) {
    const rehearsal = await readRehearsal(input.migrationId, input.rehearsalId);
    if (rehearsal.status !== 'running') return { status: rehearsal.status };
    const record = await readMigration(input.migrationId);
    const server = await serverOf(rehearsal, record.databaseId);
    if (input.step === 'end') {
      const { name, message, action } = readFailure(input.error, input.cause);
      const failure = { name, message, action: action ?? null };
      await saveRehearsal({ ...rehearsal, status: 'failed', endedAt: clock.iso(), failure });
      await dropCopies({ server, id: rehearsal.id });
      return { status: 'failed' as const };
    }
    const stateKey = artifactKeys.rehearsalState(record.id, rehearsal.id);
    let begun = rehearsal;
    const save = async (state: RehearsalState) => {
      await writeJson(stateKey, state);
      if (begun.stateKey !== null) return;
      begun = { ...begun, stateKey };
      await saveRehearsal(begun);
    };
    const before = rehearsal.stateKey === null ? null : await readJson(RehearsalState, rehearsal.stateKey);
    const asked = { ...runOptions(tools), ...(await askedOf(record, rehearsal)), server };
    const state = await rehearsePart(asked, before, save);
    if (!state.over) return { status: 'running' as const };
    // What was found is stored by now: a run that is cut off here finds its end again.
    await dropCopies(asked);
    const report = reportOf(state);
    const reportKey = artifactKeys.rehearsal(record.id, rehearsal.id);
    await writeJson(reportKey, report);
    const status = report.passed ? ('passed' as const) : ('failed' as const);
    await saveRehearsal({ ...begun, status, endedAt: clock.iso(), reportKey });
    return { status } as const;
  },
});
