import { z } from 'zod';
import { task } from '#platform/task.ts';
import { findDatabase } from '../databases/databases.ts';
import { withTargetOf } from '../databases/target.ts';
import { checkSchema } from '../schema-versions/drift.ts';

/** Compares a schema with its last version; with `accept`, what differs becomes the next version. */
export const handler = task({
  name: 'check-schema',
  input: z.strictObject({
    databaseId: z.string(),
    schema: z.string().nullable(),
    accept: z.boolean(),
    actor: z.string(),
  }),
  output: z.strictObject({ version: z.int(), drift: z.boolean() }),
  async handler({ databaseId, schema, accept, actor }) {
    const database = await findDatabase(databaseId);
    const place = { databaseId, schema: schema ?? database.schema };
    const head = await withTargetOf(database, 'theseus:check', (engine) =>
      checkSchema(engine, place, { accept, by: actor }),
    );
    return { version: head?.number ?? 0, drift: head?.drift != null };
  },
});
