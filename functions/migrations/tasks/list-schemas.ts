import { z } from 'zod';
import { task } from '#platform/task.ts';
import { withTargetOf } from '../databases/target.ts';

/** Names in one answer. */
const perPage = 5_000;

/** The schemas of a database whose names fit a LIKE pattern, a page at a time, for a fleet to choose its targets. */
export const handler = task({
  name: 'list-schemas',
  input: z.strictObject({
    engine: z.literal('postgresql'),
    secretArn: z.string(),
    like: z.string().min(1).max(63),
    after: z.string(),
  }),
  output: z.strictObject({ schemas: z.array(z.string()), more: z.boolean() }),
  handler: ({ engine, secretArn, like, after }) =>
    withTargetOf({ engine, secretArn }, 'theseus:schemas', async (opened) => {
      const found = await opened.listSchemas(like, after, perPage + 1);
      return { schemas: found.slice(0, perPage), more: found.length > perPage };
    }),
});
