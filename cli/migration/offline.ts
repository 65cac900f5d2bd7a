import type { Finding } from '#migrations/engines/engine.ts';
import { openPostgres } from '#migrations/engines/postgresql/engine.ts';
import { parseMigrationFile } from '#migrations/file/parse.ts';
import { planHash } from '#migrations/plan/hash.ts';
import { createPlan } from '#migrations/plan/plan.ts';
import type { Plan } from '#migrations/plan/schemas.ts';
import type { Snapshot } from '#migrations/plan/snapshot.ts';
import { TheseusError } from '#platform/errors.ts';
import { newId } from '#platform/ids.ts';
import { problemOf } from '#platform/problem.ts';
import { detailsOf } from '../client.ts';
import { exitCode, Failure } from '../failure.ts';

/** How long the read-only checks of the data may take, ms. */
const checksMs = 120_000;
const unreachable = new Set(['DatabaseUnreachable', 'ConnectionLost']);

/**
 * Plans against a database without any platform: reads the catalogue, asks the plan's questions in read-only
 * transactions, changes nothing.
 * @throws Failure refused, or unreachable when the database does not answer.
 */
export async function planWithoutPlatform(
  url: string,
  schema: string,
  file: string,
  fileName: string,
  {
    diskFreeBytes,
    ...asked
  }: { login: string | undefined; allViews: boolean | undefined; diskFreeBytes: number | undefined },
): Promise<{ plan: Plan; hash: string; findings: Finding[] }> {
  try {
    const parsed = parseMigrationFile(file, { fileName });
    const engine = await openPostgres(url, { applicationName: 'theseus:plan' });
    try {
      const plan = await createPlan({ file: parsed, snapshot: await engine.snapshot(schema), ...asked });
      const findings = await engine.validate(plan, {
        signal: AbortSignal.timeout(checksMs),
        until: Date.now() + checksMs,
        diskFreeBytes,
      });
      return { plan, hash: planHash(plan), findings };
    } finally {
      await engine.close();
    }
  } catch (error) {
    throw asFailure(error);
  }
}

/**
 * What a database's schema holds now: reads the catalogue, changes nothing.
 * @throws Failure refused, or unreachable when the database does not answer.
 */
export async function snapshotOf(url: string, schema: string): Promise<Snapshot> {
  try {
    const engine = await openPostgres(url, { applicationName: 'theseus:lint' });
    try {
      return await engine.snapshot(schema);
    } finally {
      await engine.close();
    }
  } catch (error) {
    throw asFailure(error);
  }
}

function asFailure(error: unknown): unknown {
  if (!(error instanceof TheseusError)) return error;
  const problem = problemOf(error, newId('plan'));
  return new Failure(problem.detail, {
    code: unreachable.has(error.name) ? exitCode.unreachable : exitCode.refused,
    action: problem.action,
    details: detailsOf(problem.detail, problem.errors ?? []),
    problem,
  });
}
