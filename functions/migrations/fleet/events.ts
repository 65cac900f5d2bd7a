import { forAllOpen } from '#platform/open-work.ts';
import type { TaskTools } from '#platform/task.ts';
import { type EventsPage, keepAndSend, readEventLog } from '../events.ts';
import { readWork } from '../migration-store.ts';
import { keys } from '../store.ts';
import type { FleetRecord } from './records.ts';
import { changeFleet, readFleet } from './store.ts';

/** Publishes what was stored and not sent, of all fleets. Returns how many events. */
export async function publishFleets(tools: Pick<TaskTools, 'signal'>): Promise<number> {
  let published = 0;
  await forAllOpen(
    (from) => readWork(from, 'FLEET_WORK'),
    tools,
    async (id) => {
      published += await publishFleet(await readFleet(id));
    },
  );
  return published;
}

/** As of a migration: cut off in the middle, the next run sends them again under the same sequence numbers. */
async function publishFleet({ id, name, outbox }: FleetRecord): Promise<number> {
  const last = outbox.at(-1);
  if (last === undefined) return 0;
  await keepAndSend(outbox, (sequence) => keys.fleetEvent(id, sequence), { fleet: id, name });
  await changeFleet(id, () => ({ set: {}, publishedThrough: last.sequence }));
  return outbox.length;
}

/** A page of a fleet's events, oldest first, those not yet published included. */
export const readFleetEvents = (fleet: FleetRecord, limit: number, after: number): Promise<EventsPage> =>
  readEventLog(fleet, (sequence) => keys.fleetEvent(fleet.id, sequence), limit, after);
