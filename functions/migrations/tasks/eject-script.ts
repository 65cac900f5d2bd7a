import { task } from '#platform/task.ts';
import { withTarget } from '../databases/target.ts';
import { readMigration } from '../migration-store.ts';
import { EjectedScript, EjectQuery, MigrationId } from '../schemas.ts';

/** Writes the rest of a migration as a script, from what its database keeps. Changes nothing. */
export const handler = task({
  name: 'eject-script',
  input: EjectQuery.extend({ migrationId: MigrationId }),
  output: EjectedScript,
  async handler({ migrationId, to }) {
    const record = await readMigration(migrationId);
    return { script: await withTarget(record, 'eject', (engine) => engine.eject(migrationId, to)) };
  },
});
