import { z } from 'zod';
import { clock } from '#platform/clock.ts';
import { task } from '#platform/task.ts';
import { readPlan } from '../artifacts.ts';
import { ValidationFailed } from '../errors.ts';
import { enterUnlockedPhase } from '../history.ts';
import { secondsToStart } from '../schedule/waits.ts';
import { TaskOfMigration } from '../schemas.ts';
import { runOptions, withTarget } from '../target.ts';

/** Rights, data and connections are looked at before anything is changed. */
export const handler = task({
  name: 'validate-migration',
  input: TaskOfMigration,
  output: z.strictObject({
    approvalRequired: z.boolean(),
    waitSeconds: z.int().describe('Until it may start by its schedule; 0: now'),
  }),
  async handler({ migrationId }, tools) {
    const record = await enterUnlockedPhase(migrationId, 'validate');
    const plan = await readPlan(record);
    const findings = await withTarget(record, 'validate', (engine) =>
      engine.validate(plan, {
        ...runOptions(tools),
        pacing: record.options.pacing,
        diskFreeBytes: record.options.diskFreeBytes,
      }),
    );
    const first = findings[0];
    if (first !== undefined) {
      const more = findings.length > 1 ? ` (and ${findings.length - 1} more)` : '';
      throw new ValidationFailed(`${first.problem}${more}`, {
        evidence: { findings: findings.slice(0, 20) },
        action: first.action,
      });
    }
    return {
      approvalRequired: record.approval !== null && record.approval.decision !== 'approved',
      waitSeconds: secondsToStart(record.schedule, clock.now()),
    };
  },
});
