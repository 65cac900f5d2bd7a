import { z } from 'zod';
import { task } from '#platform/task.ts';
import { TaskOfReencryption } from '../secrets/reencryption/schemas.ts';
import { walk } from '../secrets/reencryption/walk.ts';

/** Seals secrets anew, from where the record says on, until there are none left or the invocation's time is over. */
export const handler = task({
  name: 'reseal-secrets',
  input: TaskOfReencryption,
  output: z.strictObject({ more: z.boolean() }),
  handler: (acting, { signal }) => walk(acting, signal),
});
