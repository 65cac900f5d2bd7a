import { parseDataFile } from '#migrations/data/file.ts';
import type { EjectGoal, Engine, Finding } from '#migrations/engines/engine.ts';
import { openPostgres } from '#migrations/engines/postgresql/engine.ts';
import { isDataFile, parseMigrationFile, readFileText } from '#migrations/file/parse.ts';
import type { AppliedMigration, ImportTool } from '#migrations/import/schemas.ts';
import { type Forecast, forecastOf } from '#migrations/plan/forecast.ts';
import { planHash } from '#migrations/plan/hash.ts';
import { createPlan } from '#migrations/plan/plan.ts';
import type { Plan } from '#migrations/plan/schemas.ts';
import type { Snapshot } from '#migrations/plan/snapshot.ts';
import { rehearseOnCopy } from '#migrations/rehearsal/on-copy.ts';
import type { RehearsalReport } from '#migrations/rehearsal/report.ts';
import type { Rehearsed } from '#migrations/rehearsal/run.ts';
import { MigrationOptions } from '#migrations/schemas.ts';
import type { ValidationLevel } from '#migrations/validation-level.ts';
import { TheseusError } from '#platform/errors.ts';
import { newId } from '#platform/ids.ts';
import { problemOf } from '#platform/problem.ts';
import { detailsOf } from '../client.ts';
import { exitCode, Failure } from '../failure.ts';
import type { Pace } from './pace-options.ts';

/** How long the read-only checks of the data may take, ms. */
const checksMs = 120_000;
const unreachable = new Set(['DatabaseUnreachable', 'ConnectionLost']);

/**
 * Opens a database without any platform, for the length of `work`.
 * @throws Failure refused, or unreachable when the database does not answer.
 */
function withoutPlatform<T>(url: string, purpose: string, work: (engine: Engine) => Promise<T>): Promise<T> {
  return failing(purpose, async () => {
    const engine = await openPostgres(url, { applicationName: `theseus:${purpose}` });
    try {
      return await work(engine);
    } finally {
      await engine.close();
    }
  });
}

/** Says a named error as the platform would. @throws Failure */
async function failing<T>(purpose: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof TheseusError)) throw error;
    const problem = problemOf(error, newId(purpose));
    throw new Failure(problem.detail, {
      code: unreachable.has(error.name) ? exitCode.unreachable : exitCode.refused,
      action: problem.action,
      details: detailsOf(problem.detail, problem.errors ?? []),
      problem,
    });
  }
}

/**
 * What a database's schema holds now: reads the catalogue, changes nothing.
 * @throws Failure refused, or unreachable when the database does not answer.
 */
export const snapshotOf = (url: string, schema: string): Promise<Snapshot> =>
  withoutPlatform(url, 'lint', (engine) => engine.snapshot(schema));

/**
 * Plans against a database without any platform: reads the catalogue, asks the plan's questions in read-only
 * transactions, changes nothing.
 * @throws Failure refused, or unreachable when the database does not answer.
 */
export const planWithoutPlatform = (
  url: string,
  schema: string,
  file: string,
  fileName: string,
  {
    diskFreeBytes,
    validationLevel,
    backUpRows,
    pace,
    ...asked
  }: {
    pace: Pace;
    backUpRows: boolean | undefined;
    validationLevel: ValidationLevel | undefined;
    login: string | undefined;
    allViews: boolean | undefined;
    diskFreeBytes: number | undefined;
  },
): Promise<{ plan: Plan; hash: string; findings: Finding[]; forecast: Forecast }> =>
  withoutPlatform(url, 'plan', async (engine) => {
    const parsed = parseMigrationFile(file, { fileName });
    const plan = await createPlan({
      file: parsed,
      snapshot: await engine.snapshot(schema),
      strict: validationLevel === 'strict',
      ...asked,
    });
    const findings = await engine.validate(plan, {
      signal: AbortSignal.timeout(checksMs),
      until: Date.now() + checksMs,
      diskFreeBytes,
      pacing: pace.pacing,
    });
    // Without a platform nothing was measured before, and nobody but the starter is asked.
    const { concurrency } = MigrationOptions.parse(pace);
    const forecast = forecastOf(plan, {
      concurrency,
      approvals: [],
      backUpRows,
      ...(validationLevel && { validationLevel }),
    });
    return { plan, hash: planHash(plan), findings, forecast };
  });

/**
 * What another tool's own table says was applied. Changes nothing.
 * @throws Failure refused, or unreachable when the database does not answer.
 */
export const historyOf = (url: string, tool: ImportTool, schema: string): Promise<AppliedMigration[]> =>
  withoutPlatform(url, 'import', (engine) => engine.history(tool, schema));

/**
 * The rest of a migration as a psql script, from what the database itself keeps of it. Changes nothing.
 * @throws Failure refused, or unreachable when the database does not answer.
 */
export const ejectWithoutPlatform = (
  url: string,
  migration: string | null,
  goal: EjectGoal,
): Promise<string> => withoutPlatform(url, 'eject', (engine) => engine.eject(migration, goal));

/** Far more than a sample takes, ms. */
const rehearsalMs = 60 * 60_000;

/** @throws Failure for rows of another registered database: only a platform knows where that is. */
function rehearsedOf(file: string, fileName: string, schema: string): Rehearsed {
  if (!isDataFile(readFileText(file)))
    return { kind: 'schema', file: parseMigrationFile(file, { fileName }) };
  const data = parseDataFile(file, { fileName });
  if (data.from.database !== undefined) {
    throw new Failure(`Its rows come from ${data.from.database}, which only a platform knows.`, {
      code: exitCode.usage,
      action: 'Plan it there, and rehearse it by its id: theseus migration rehearse mig_…',
    });
  }
  return { kind: 'data', file: data, fromSchema: data.from.schema ?? schema };
}

/**
 * Runs a migration on a copy of a schema, forth and back. Reads the database, and makes and drops another one.
 * @throws Failure refused, or unreachable when a database does not answer.
 */
export const rehearseWithoutPlatform = (
  file: string,
  fileName: string,
  { url, server, schema, sample }: { url: string; server: string; schema: string; sample: number },
): Promise<RehearsalReport> =>
  failing('rehearsal', () =>
    rehearseOnCopy({
      id: newId('cli'),
      source: url,
      server,
      schema,
      rehearsed: rehearsedOf(file, fileName, schema),
      sample,
      signal: AbortSignal.timeout(rehearsalMs),
      until: Date.now() + rehearsalMs,
    }),
  );
