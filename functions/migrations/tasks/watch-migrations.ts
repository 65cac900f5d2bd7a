import { z } from 'zod';
import { task } from '#platform/task.ts';
import { watchAll } from '../alerts/watch.ts';

/** Measures what runs and holds it against the alert rules, each minute. */
export const handler = task({
  name: 'watch-migrations',
  input: z.looseObject({}),
  output: z.strictObject({ looked: z.int(), firing: z.int() }),
  handler: (_input, tools) => watchAll(tools),
});
