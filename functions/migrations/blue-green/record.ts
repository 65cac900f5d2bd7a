import { type Change, changeMigration } from '../migration-store.ts';
import type { MigrationRecord } from '../records.ts';
import type { BlueGreenState } from './schemas.ts';

/** Writes down where a move stands. `events` are stored in the same write. */
export function changeState(
  id: string,
  set: Partial<BlueGreenState>,
  events: Change['events'] = [],
): Promise<MigrationRecord> {
  return changeMigration(id, ({ blueGreen }) =>
    blueGreen === null ? undefined : { set: { blueGreen: { ...blueGreen, ...set } }, events },
  );
}
