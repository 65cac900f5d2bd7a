import { z } from 'zod';
import { readArtifact } from '#platform/artifacts.ts';
import { clock } from '#platform/clock.ts';
import { TheseusError } from '#platform/errors.ts';
import { task } from '#platform/task.ts';
import { PlanStale } from '../errors.ts';
import { failureOf } from '../executions/failures.ts';
import { enterUnlockedPhase } from '../executions/history.ts';
import { changeMigration, readMigration } from '../migration-store.ts';
import { planHash } from '../plan/hash.ts';
import { Plan } from '../plan/schemas.ts';
import { decidePlan, findProblems, planNow } from '../planning/planning.ts';
import type { MigrationRecord } from '../records.ts';
import { DryRun, FoundProblem, MigrationId } from '../schemas.ts';

/** A file that gives no plan is rejected with its reason; what may pass (a database that is down) is left to a retry. */
async function reject(record: MigrationRecord, error: unknown): Promise<void> {
  if (!(error instanceof TheseusError) || error.retryable) return;
  const failure = failureOf(error, 'plan', clock.iso());
  await changeMigration(record.id, ({ status }) =>
    status === 'planning'
      ? {
          set: { status: 'rejected', failure },
          events: [{ type: 'migration.rejected', actor: 'theseus', data: { failure: failure.name } }],
        }
      : undefined,
  );
}

/**
 * Plans a new migration; with `check`, plans one again that is about to run and refuses unless the database still gives
 * the plan that was decided (and perhaps approved). A dry run brings everything with it, and answers with everything.
 */
export const handler = task({
  name: 'plan-migration',
  input: z
    .strictObject({
      migrationId: MigrationId.optional(),
      check: z.boolean().default(false),
      dryRun: DryRun.optional(),
    })
    .refine(({ migrationId, dryRun }) => (migrationId === undefined) !== (dryRun === undefined), {
      error: 'expected exactly one of migrationId and dryRun',
      path: ['migrationId'],
    }),
  output: z.strictObject({
    hash: z.string(),
    plan: Plan.optional(),
    findings: z.array(FoundProblem).optional(),
  }),
  async handler({ migrationId, check, dryRun }, { signal }) {
    if (dryRun !== undefined) {
      const { file, ...asked } = dryRun;
      const record = { id: 'dry-run', ...asked };
      const plan = await planNow(record, file);
      return { hash: planHash(plan), plan, findings: await findProblems(record, plan, signal) };
    }
    if (migrationId === undefined) throw new RangeError('The input has a migration or a dry run');
    if (!check) {
      const record = await readMigration(migrationId);
      if (record.plan !== null) return { hash: record.plan.hash };
      try {
        return { hash: await decidePlan(record, signal) };
      } catch (error) {
        await reject(record, error);
        throw error;
      }
    }
    const record = await enterUnlockedPhase(migrationId, 'plan');
    const decided = record.plan?.hash;
    const found = planHash(await planNow(record, await readArtifact(record.fileKey)));
    if (found === decided) return { hash: found };
    throw new PlanStale('The database has changed since the migration was planned', {
      evidence: { planned: decided, found },
      action: 'Plan the migration again, read the new plan and start that one.',
    });
  },
});
