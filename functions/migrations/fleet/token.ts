import { InvalidToken, SendTaskSuccessCommand, TaskDoesNotExist, TaskTimedOut } from '@aws-sdk/client-sfn';
import { z } from 'zod';
import { stepFunctions } from '#platform/clients.ts';
import { clock } from '#platform/clock.ts';
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
  try {
    await stepFunctions().send(new SendTaskSuccessCommand({ taskToken: kept.token, output: '{}' }));
  } catch (error) {
    // Nobody waits with this token any more: it was answered, or its execution ended.
    const gone =
      error instanceof TaskDoesNotExist || error instanceof TaskTimedOut || error instanceof InvalidToken;
    if (!gone) throw error;
  }
  await deleteItem(keys.fleetToken(fleet.id), {
    expression: '#token = :token',
    names: { '#token': 'token' },
    values: { ':token': kept.token },
  });
}
