import { z } from 'zod';
import { task } from '#platform/task.ts';
import { readPlan } from '../artifacts.ts';
import { enterPhase } from '../history.ts';
import { backUpRows } from '../rows/back-up.ts';
import { LockedTask, StepsOutput } from '../schemas.ts';
import { runOptions, withTarget } from '../target.ts';

/** Copies rows that go away to the backup bucket, part by part; a part that is stored is not copied again. */
export const handler = task({
  name: 'back-up-rows',
  input: LockedTask.extend({ purpose: z.enum(['undo', 'removal']) }),
  output: StepsOutput,
  async handler({ migrationId, epoch, purpose }, tools) {
    const record = await enterPhase(migrationId, epoch, 'back_up_rows');
    const plan = await readPlan(record);
    return withTarget(record, 'backup', async (engine) => {
      await engine.setFencePhase({ migration: migrationId, epoch }, 'back_up_rows');
      return backUpRows(engine, record, plan, purpose, runOptions(tools));
    });
  },
});
