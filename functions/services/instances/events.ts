import { PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { eventBridge } from '#platform/clients.ts';
import { environmentVariable } from '#platform/environment.ts';
import { ServiceUnavailable } from '#platform/errors.ts';
import type { InstanceEvent, InstanceRecord } from './records.ts';

/** The source of every event of services on the bus. */
const eventSource = 'theseus.services';

/**
 * The record with one more event in it, to be sent once it is stored. Consumers know an event by instance and sequence:
 * one that is sent twice is the same.
 */
export const withEvent = (
  { outbox, nextSequence }: Pick<InstanceRecord, 'outbox' | 'nextSequence'>,
  event: Omit<InstanceEvent, 'sequence'>,
): Pick<InstanceRecord, 'outbox' | 'nextSequence'> => ({
  outbox: [...outbox, { ...event, sequence: nextSequence }],
  nextSequence: nextSequence + 1,
});

/** Puts what was stored and not sent on the bus. Throws ServiceUnavailable. */
export async function sendEvents({ id, service, version, url, zone, outbox }: InstanceRecord): Promise<void> {
  if (outbox.length === 0) return;
  const answer = await eventBridge().send(
    new PutEventsCommand({
      // Of one probe each: never more than EventBridge's ten.
      Entries: outbox.slice(0, 10).map((event) => ({
        EventBusName: environmentVariable('EVENT_BUS_NAME'),
        Source: eventSource,
        DetailType: event.type,
        Time: new Date(event.at),
        Detail: JSON.stringify({ service, version, instance: id, url, zone, ...event }),
      })),
    }),
  );
  if ((answer.FailedEntryCount ?? 0) > 0) {
    throw new ServiceUnavailable(`EventBridge refused ${answer.FailedEntryCount} events`, {
      evidence: { service, version, instance: id },
    });
  }
}
