import { z } from 'zod';
import { task } from '#platform/task.ts';
import { sweepInstances } from '../instances/sweep.ts';

/** Probes the instances whose time has come, removes those whose lease is over, sends events that were not sent. */
export const handler = task({
  name: 'probe-instances',
  input: z.looseObject({}),
  output: z.strictObject({ probed: z.int(), expired: z.int() }),
  handler: (_input, tools) => sweepInstances(tools),
});
