import type { Place } from '#platform/records.ts';
import type { TaskTools } from '#platform/task.ts';
import { type EventsPage, keepAndSend, readEventLog } from '../events.ts';
import { readWork } from '../migration-store.ts';
import { keys } from '../store.ts';
import type { FleetRecord } from './records.ts';
import { changeFleet, readFleet } from './store.ts';

const mostPages = 20;

/** Publishes what was stored and not sent, of all fleets. Returns how many events. */
export async function publishFleets(tools: Pick<TaskTools, 'signal'>): Promise<number> {
  let published = 0;
  let from: Place | undefined;
  for (let page = 0; page < mostPages; page += 1) {
    const work = await readWork(from, 'FLEET_WORK');
    for (const id of work.ids) {
      tools.signal.throwIfAborted();
      published += await publishFleet(await readFleet(id));
    }
    from = work.next;
    if (from === undefined) break;
  }
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
