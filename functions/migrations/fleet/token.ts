import { z } from 'zod';
import { clock } from '#platform/clock.ts';
import { succeedTask } from '#platform/task-tokens.ts';
import { deleteItem, keys, readItem, writeItem } from '../store.ts';
import type { FleetRecord } from './records.ts';
import { readFleet } from './store.ts';

const FleetToken = z.object({ token: z.string() });

/** Keeps the token of the state that waits. Where nothing is waited for any more, it goes on at once. */
export async function keepFleetToken(fleetId: string, token: string): Promise<void> {
  await writeItem(keys.fleetToken(fleetId), { token, at: clock.iso() });
  await deliverFleetAnswer(await readFleet(fleetId));
}

const waits = ({ status }: FleetRecord): boolean =>
  status === 'paused' || status === 'halted' || status === 'baking';

/** Lets the fleet's waiting state go on unless the fleet still waits. May be run any number of times. */
export async function deliverFleetAnswer(fleet: FleetRecord): Promise<void> {
  if (waits(fleet)) return;
  const kept = await readItem(FleetToken, keys.fleetToken(fleet.id));
  if (kept === undefined) return;
  await succeedTask(kept.token, {});
  await deleteItem(keys.fleetToken(fleet.id), {
    expression: '#token = :token',
    names: { '#token': 'token' },
    values: { ':token': kept.token },
  });
}
