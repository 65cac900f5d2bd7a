import { clock } from '#platform/clock.ts';
import { firstExecution } from './execution.ts';
import type { DeprecationRecord } from './records.ts';
import type { NewDeprecation } from './schemas.ts';

/** The record of a deprecation that begins now. */
export function newRecord(
  api: string,
  request: NewDeprecation,
  {
    id,
    by,
    successor,
    policy,
  }: { id: string; by: string; successor: string } & Pick<DeprecationRecord, 'policy'>,
): DeprecationRecord {
  const at = clock.iso();
  const brownouts = request.elements === null ? policy.brownouts : [];
  return {
    schemaVersion: 1,
    id,
    revision: 1,
    api,
    version: request.version,
    elements: request.elements,
    successor,
    reason: request.reason,
    guide: request.guide,
    policy,
    status: 'running',
    phase: 'validate',
    announcedAt: null,
    extensions: [],
    reminded: [],
    brownouts: brownouts.map((_plan, index) => ({
      id: `${id}-${index + 1}`,
      state: 'planned',
      from: null,
      to: null,
      harmed: null,
      errorsBefore: [],
    })),
    consumers: [],
    exempt: request.exempt,
    analysed: null,
    toldSunset: null,
    askedConsentAt: null,
    removedAt: null,
    restorableUntil: null,
    paused: null,
    pausedMs: 0,
    cancel: null,
    restore: null,
    execution: firstExecution(id, at),
    deaths: 0,
    failure: null,
    createdBy: by,
    createdAt: at,
    endedAt: null,
    updatedAt: at,
    outbox: [{ sequence: 0, at, type: 'deprecation.started', actor: by, data: { reason: request.reason } }],
    nextSequence: 1,
  };
}
