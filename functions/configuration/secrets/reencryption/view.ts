import { clock } from '#platform/clock.ts';
import { isOver, type ReencryptionRecord } from './records.ts';
import type { Reencryption } from './schemas.ts';

/** A re-encryption as it is shown, with its rate and the time left. */
export function viewOf(record: ReencryptionRecord): Reencryption {
  const { id, status, scope, why, createdBy, createdAt, endedAt, done, resealed } = record;
  const seconds = Math.max(0.001, (Date.parse(endedAt ?? clock.iso()) - Date.parse(createdAt)) / 1_000);
  // Secrets that came while it walked were not counted.
  const total = record.total === null ? null : Math.max(record.total, done);
  const perSecond = done / seconds;
  return {
    id,
    status,
    scope,
    why,
    createdBy,
    createdAt,
    endedAt,
    total,
    done,
    resealed,
    perSecond,
    secondsLeft:
      isOver(record) || total === null || done === 0 ? null : Math.ceil((total - done) / perSecond),
    failed: record.failed,
    failures: record.failures,
    cancel: record.cancel,
    failure: record.failure,
  };
}
