import { PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { eventBridge } from '#platform/clients.ts';
import { environmentVariable } from '#platform/environment.ts';
import { ServiceUnavailable } from '#platform/errors.ts';
import type { Place } from '#platform/records.ts';
import type { TaskTools } from '#platform/task.ts';
import { changeDeployment, findDeployment, readDeploymentWork } from './deployment-store.ts';
import type { DeploymentRecord } from './records.ts';
import { DeploymentEvent } from './schemas.ts';
import { keys, readPage, writeItem } from './store.ts';

/** The source of every event of deployments on the bus. */
const eventSource = 'theseus.deployments';

const mostPages = 20;
/** EventBridge takes at most 10 entries in one call. */
const batchSize = 10;

/** Publishes what was stored and not sent, of all deployments. Returns how many events. */
export async function publishAll({ signal }: Pick<TaskTools, 'signal'>): Promise<number> {
  let published = 0;
  let from: Place | undefined;
  for (let page = 0; page < mostPages; page += 1) {
    const work = await readDeploymentWork(from);
    for (const id of work.ids) {
      signal.throwIfAborted();
      const record = await findDeployment(id);
      if (record !== undefined) published += await publish(record);
    }
    from = work.next;
    if (from === undefined) break;
  }
  return published;
}

/**
 * Sends a record's events and keeps each as an item of its own; then the record lets them go. Cut off between, the next
 * run sends them again: consumers know an event by deployment and sequence.
 */
async function publish({ id, service, request, outbox }: DeploymentRecord): Promise<number> {
  const last = outbox.at(-1);
  if (last === undefined) return 0;
  const about = { deployment: id, service, version: request.version };
  for (let start = 0; start < outbox.length; start += batchSize) {
    const batch = outbox.slice(start, start + batchSize);
    await Promise.all(batch.map((event) => writeItem(keys.event(id, event.sequence), event)));
    await sendEvents(batch, about);
  }
  await changeDeployment(id, () => ({ set: {}, publishedThrough: last.sequence }));
  return outbox.length;
}

/** Puts events on the bus, at most 10. Throws ServiceUnavailable when any is refused. */
export async function sendEvents(events: DeploymentEvent[], about: Record<string, string>): Promise<void> {
  const answer = await eventBridge().send(
    new PutEventsCommand({
      Entries: events.map((event) => ({
        EventBusName: environmentVariable('EVENT_BUS_NAME'),
        Source: eventSource,
        DetailType: event.type,
        Time: new Date(event.at),
        Detail: JSON.stringify({ ...about, ...event }),
      })),
    }),
  );
  if ((answer.FailedEntryCount ?? 0) === 0) return;
  throw new ServiceUnavailable(`EventBridge refused ${answer.FailedEntryCount} events`, { evidence: about });
}

/** A page of a deployment's events, oldest first, those not yet published included; `next` is the last one's sequence. */
export async function readEvents(
  { id, outbox, nextSequence }: DeploymentRecord,
  limit: number,
  after: number,
): Promise<{ items: DeploymentEvent[]; next: number | undefined }> {
  const page = await readPage(DeploymentEvent, {
    pk: keys.deployment(id).pk,
    prefix: 'EVENT#',
    limit,
    from: after < 0 ? undefined : { ...keys.event(id, after) },
  });
  const seen = page.items.at(-1)?.sequence ?? after;
  const waiting = page.next === undefined ? outbox.filter(({ sequence }) => sequence > seen) : [];
  const items = [...page.items, ...waiting].slice(0, limit);
  const last = items.at(-1)?.sequence;
  return { items, next: last !== undefined && last < nextSequence - 1 ? last : undefined };
}
