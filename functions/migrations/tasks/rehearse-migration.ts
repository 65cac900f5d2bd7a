import { z } from 'zod';
import { readFailure } from '#platform/causes.ts';
import { clock } from '#platform/clock.ts';
import { task } from '#platform/task.ts';
import { artifactKeys, readArtifact, writeJson } from '../artifacts.ts';
import { findDatabase } from '../databases/databases.ts';
import { connectionString, runOptions } from '../databases/target.ts';
import { dropCopyDatabase } from '../engines/postgresql/copy/database.ts';
import { parseMigrationFile } from '../file/parse.ts';
import { readMeasuredPace } from '../planning/measured-pace.ts';
import { rehearseOnCopy } from '../rehearsal/on-copy.ts';
import { RehearsalId, type RehearsalRecord } from '../rehearsal/schemas.ts';
import { readRehearsal, saveRehearsal } from '../rehearsal/store.ts';
import { MigrationId } from '../schemas.ts';
import { readMigration } from '../store.ts';

const common = { migrationId: MigrationId, rehearsalId: RehearsalId };

/** Where the copy is made. */
async function serverOf(rehearsal: RehearsalRecord, databaseId: string): Promise<string> {
  const database = await findDatabase(rehearsal.on ?? databaseId);
  return connectionString(database.secretArn);
}

/**
 * Runs a migration on a copy and stores the report; a second run makes the copy anew. `end` drops what a failed run may
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
      await dropCopyDatabase(server, rehearsal.id);
      return { status: 'failed' as const };
    }
    const { options, fileName, databaseId, schema } = record;
    const report = await rehearseOnCopy({
      ...runOptions(tools),
      id: rehearsal.id,
      source: await connectionString((await findDatabase(databaseId)).secretArn),
      server,
      schema,
      file: parseMigrationFile(await readArtifact(record.fileKey), { fileName }),
      sample: rehearsal.sample,
      measured: await readMeasuredPace(databaseId),
      allViews: options.allViews,
      strict: options.validationLevel === 'strict',
    });
    const reportKey = artifactKeys.rehearsal(record.id, rehearsal.id);
    await writeJson(reportKey, report);
    const status = report.passed ? ('passed' as const) : ('failed' as const);
    await saveRehearsal({ ...rehearsal, status, endedAt: clock.iso(), reportKey });
    return { status } as const;
  },
});
