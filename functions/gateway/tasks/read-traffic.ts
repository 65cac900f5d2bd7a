import { task } from '#platform/task.ts';
import { ReadTrafficInput, ReadTrafficOutput } from '../schemas.ts';
import { readTraffic } from '../traffic/store.ts';

/** What came of requests to versions of a service, in windows of 10 s that began in the given time. */
export const handler = task({
  name: 'gateway-read-traffic',
  input: ReadTrafficInput,
  output: ReadTrafficOutput,
  handler: async (input) => ({ windows: await readTraffic(input) }),
});
