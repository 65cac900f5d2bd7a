import { publishOutbox, readEventLog } from '#platform/event-log.ts';
import { forAllOpen } from '#platform/open-work.ts';
import type { TaskTools } from '#platform/task.ts';
import { changeDeployment, findDeployment, readDeploymentWork } from './deployment-store.ts';
import type { DeploymentRecord } from './records.ts';
import { DeploymentEvent } from './schemas.ts';
import { keys, readPage, writeItem } from './store.ts';

/** The source of every event of deployments on the bus. */
export const eventSource = 'theseus.deployments';

/** Publishes what was stored and not sent, of all deployments. Returns how many events. */
export async function publishAll(tools: Pick<TaskTools, 'signal'>): Promise<number> {
  let published = 0;
  await forAllOpen(readDeploymentWork, tools, async (id) => {
    const record = await findDeployment(id);
    if (record === undefined) return;
    published += await publishOutbox(record, {
      source: eventSource,
      about: { deployment: id, service: record.service, version: record.request.version },
      keep: (event) => writeItem(keys.event(id, event.sequence), event),
      letGo: (publishedThrough) => changeDeployment(id, () => ({ set: {}, publishedThrough })),
    });
  });
  return published;
}

/** A page of a deployment's events, oldest first, those not yet published included; `next` is the last one's sequence. */
export const readEvents = (record: DeploymentRecord, limit: number, after: number) =>
  readEventLog(readPage, DeploymentEvent, record, (sequence) => keys.event(record.id, sequence), {
    limit,
    after,
  });
