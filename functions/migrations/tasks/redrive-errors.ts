import { z } from 'zod';
import { task } from '#platform/task.ts';
import { runOptions } from '../databases/target.ts';
import { redriveRefused } from '../loading/record-errors.ts';
import { Redriven } from '../loading/refused.ts';
import { TaskOfMigration } from '../schemas.ts';

/** Loads the records once more that a data migration refused. */
export const handler = task({
  name: 'redrive-errors',
  input: TaskOfMigration.extend({ actor: z.string() }),
  output: Redriven,
  handler: ({ migrationId, actor }, tools) => redriveRefused(migrationId, actor, runOptions(tools)),
});
