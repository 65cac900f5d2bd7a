import { artifactKeys, readJson, writeJson } from '../artifacts.ts';
import { changesSince, clearSchema, copyDefinitions } from '../engines/postgresql/blue-green/definitions.ts';
import type { Session } from '../engines/postgresql/connection.ts';
import { SchemaChanged } from '../errors.ts';
import { enterPhase } from '../executions/history.ts';
import { changeMigration } from '../migration-store.ts';
import { SchemaShape } from '../registry/shape.ts';
import { urlsOf, withPair } from './pair.ts';
import { changeState } from './record.ts';

/** Makes the definitions in the new database; a second run makes them anew. Throws CopyImpossible, FenceLost. */
export async function copyToGreen(migrationId: string, epoch: number): Promise<void> {
  const record = await enterPhase(migrationId, epoch, 'copy');
  if (record.definitionsKey !== null) return;
  await withPair(record, { migration: migrationId, epoch }, 'copy', async ({ green }) => {
    // It was empty when it was validated: what is there is ours, of a run that was cut off.
    if (record.blueGreen?.copyBegun) await clearSchema(green.session, record.schema);
    else await changeState(migrationId, { copyBegun: true });
  });
  const shape = await copyDefinitions(await urlsOf(record), record.schema);
  const key = artifactKeys.definitions(migrationId);
  await writeJson(key, shape);
  await enterPhase(migrationId, epoch, 'copy');
  await changeMigration(migrationId, () => ({ set: { definitionsKey: key } }));
}

/** Refuses to go on when somebody changed definitions since they were copied. Throws SchemaChanged naming them. */
export async function assertUnchanged(session: Session, definitionsKey: string | null): Promise<void> {
  if (definitionsKey === null) return;
  const changes = await changesSince(session, await readJson(SchemaShape, definitionsKey));
  if (changes.length === 0) return;
  throw new SchemaChanged(`The schema was changed since it was copied: ${changes[0]}`, {
    evidence: { changes },
    action: 'Take the change back, or plan the move again; until it ends nobody may change definitions.',
  });
}
