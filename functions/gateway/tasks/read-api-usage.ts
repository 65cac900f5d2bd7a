import { task } from '#platform/task.ts';
import { ReadApiUsageInput, ReadApiUsageOutput } from '../apis/schemas.ts';
import { readUsage } from '../apis/usage/read.ts';

/** Who used what of an API on the days that the given time touches, and what brownouts refused. */
export const handler = task({
  name: 'gateway-read-api-usage',
  input: ReadApiUsageInput,
  output: ReadApiUsageOutput,
  handler: readUsage,
});
