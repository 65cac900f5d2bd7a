import { publishOutbox, readEventLog } from '#platform/event-log.ts';
import { keys, readPage, writeItem } from '../store.ts';
import type { RolloutRecord } from './records.ts';
import { changeRollout } from './rollout-store.ts';
import { RolloutEvent } from './schemas.ts';

/** Publishes what was stored and not sent of a rollout. Returns how many events. */
export const publishRollout = (record: RolloutRecord): Promise<number> =>
  publishOutbox(record, {
    source: 'theseus.flags',
    about: { rollout: record.id, environment: record.environment, flag: record.flag },
    keep: (event) => writeItem(keys.rolloutEvent(record.id, event.sequence), event),
    letGo: (publishedThrough) => changeRollout(record.id, () => ({ set: {}, publishedThrough })),
  });

/** A page of a rollout's events, oldest first, those not yet published included; `next` is the last one's sequence. */
export const readRolloutEvents = (record: RolloutRecord, limit: number, after: number) =>
  readEventLog(readPage, RolloutEvent, record, (sequence) => keys.rolloutEvent(record.id, sequence), {
    limit,
    after,
  });
