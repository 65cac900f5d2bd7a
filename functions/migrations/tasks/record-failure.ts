import { z } from 'zod';
import { readFailure } from '#platform/causes.ts';
import { clock } from '#platform/clock.ts';
import { task } from '#platform/task.ts';
import { recordFailure, rollbackReason } from '../executions/failures.ts';
import { TaskOfMigration } from '../schemas.ts';

/** Writes down what failed with its evidence, and decides what follows; `rollback` when the target may be changed. */
export const handler = task({
  name: 'record-failure',
  input: TaskOfMigration.extend({
    /** The execution that acts for the migration; a range of a Map names the one that started it. */
    executionArn: z.string(),
    state: z.string(),
    error: z.string(),
    cause: z.string(),
    /** How often the state was tried again; executions of an older definition do not say it of a range. */
    retries: z.int().nullable().default(null),
  }),
  output: z.strictObject({ rollback: z.boolean(), executionName: z.string() }),
  async handler({ migrationId, executionArn, state, error, cause, retries }, { metrics }) {
    const failure = readFailure(error, cause);
    if (rollbackReason(failure) === 'corruption') metrics.count('CorruptionFound');
    return recordFailure(migrationId, executionArn, { ...failure, state, at: clock.iso(), retries });
  },
});
