import { z } from 'zod';
import { task } from '#platform/task.ts';
import { findDatabase } from '../databases/databases.ts';
import { withTargetOf } from '../databases/target.ts';
import { Imported, NewImport } from '../import/schemas.ts';
import { importHistory } from '../schema-versions/imports.ts';

/** Takes over what another tool has applied, from the tool's own table. */
export const handler = task({
  name: 'import-history',
  input: z.strictObject({ databaseId: z.string(), actor: z.string(), asked: NewImport }),
  output: Imported,
  async handler({ databaseId, actor, asked }) {
    const database = await findDatabase(databaseId);
    const place = { databaseId, schema: asked.schema ?? database.schema };
    return withTargetOf(database, 'theseus:import', (engine) => importHistory(engine, place, asked, actor));
  },
});
