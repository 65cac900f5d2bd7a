import { clock } from '#platform/clock.ts';
import { makeCopy } from '../engines/postgresql/copy/copy.ts';
import { createCopyDatabase, dropCopyDatabase } from '../engines/postgresql/copy/database.ts';
import { openPostgres } from '../engines/postgresql/engine.ts';
import { endIdleSessions } from '../engines/postgresql/sessions.ts';
import type { RehearsalReport } from './report.ts';
import { hasPassed, type RehearsalOptions, rehearse } from './run.ts';

export interface RehearsalAsked extends RehearsalOptions {
  /** URL of the database that is copied. */
  source: string;
  /** URL of a server where the copy is made: the same, or another. */
  server: string;
  /** Rows of each table, at most; what foreign keys demand comes besides. */
  sample: number;
}

/**
 * Makes a copy of a schema with a sample of its rows, runs a migration on it forth and back, and drops it. The source is
 * only read. Throws RightsMissing, CopyImpossible and what opening a database throws; what the migration itself fails
 * with is in the report.
 */
export async function rehearseOnCopy(asked: RehearsalAsked): Promise<RehearsalReport> {
  const { source, server, schema, id, sample, signal } = asked;
  const engine = await openPostgres(source, { applicationName: 'theseus:rehearsal' });
  const snapshot = await engine.snapshot(schema);
  const shape = await engine.shape(schema);
  await engine.close();
  const began = clock.monotonic();
  const copyUrl = await createCopyDatabase(server, source, id);
  try {
    const made = await makeCopy({ url: source, snapshot, shape }, copyUrl, { sample, signal });
    const measuredMs = Math.round(clock.monotonic() - began);
    const copy = await openPostgres(copyUrl, { applicationName: 'theseus:rehearsal' });
    try {
      const outcome = await rehearse(copy, asked);
      return {
        passed: hasPassed(outcome),
        copy: { rows: made.tables, leftOut: made.leftOut, measuredMs },
        ...outcome,
      };
    } finally {
      await copy.close();
    }
  } finally {
    await endIdleSessions();
    await dropCopyDatabase(server, id);
  }
}
