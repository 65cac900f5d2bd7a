import { task } from '#platform/task.ts';
import { putApi } from '../apis/record.ts';
import { PutApiInput, PutApiOutput } from '../apis/schemas.ts';

/** Sets how the gateway serves an API: the whole of it. An older revision than the stored one changes nothing. */
export const handler = task({
  name: 'gateway-put-api',
  input: PutApiInput,
  output: PutApiOutput,
  handler: putApi,
});
