import { z } from 'zod';
import { task } from '#platform/task.ts';
import { listRefused } from '../loading/record-errors.ts';
import { RefusedRecord } from '../loading/refused.ts';
import { TaskOfMigration } from '../schemas.ts';

/** Reads a page of the records that a data migration refused, from the target in which they are kept. */
export const handler = task({
  name: 'list-errors',
  input: TaskOfMigration.extend({ after: z.int().min(0), limit: z.int().min(1).max(101) }),
  output: z.strictObject({ items: z.array(RefusedRecord) }),
  handler: async ({ migrationId, after, limit }) => ({ items: await listRefused(migrationId, after, limit) }),
});
