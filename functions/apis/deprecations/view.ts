import { clock } from '#platform/clock.ts';
import { possibleActions } from './actions.ts';
import type { DeprecationRecord } from './records.ts';
import type { Action, Deprecation } from './schemas.ts';
import { calendarFor, isOver, reminderKey } from './standing.ts';

const iso = (ms: number): string => new Date(ms).toISOString();

const commandOf = (record: DeprecationRecord, action: Action): string => {
  const about = `${record.api} ${record.id}`;
  const more: Partial<Record<Action, string>> = {
    extend: ' --days <days> --reason <why>',
    exempt: ' <consumer> --reason <why>',
    consent: ' <consumer>',
  };
  return `theseus api deprecation ${action} ${about}${more[action] ?? ' --reason <why>'}`;
};

/** A deprecation as the API shows it, with its calendar as it stands now. */
export function viewOf(record: DeprecationRecord): Deprecation {
  const now = clock.now();
  const calendar = calendarFor(record, now);
  const coming = record.announcedAt !== null && record.removedAt === null && !isOver(record);
  const goes = coming || record.status === 'completed' || (record.removedAt !== null && !isOver(record));
  const planned = new Map(calendar.brownouts.map(({ index, from, to }) => [index, { from, to }]));
  return {
    id: record.id,
    api: record.api,
    version: record.version,
    elements: record.elements,
    successor: record.successor,
    reason: record.reason,
    guide: record.guide,
    policy: record.policy,
    status: record.status,
    phase: record.phase,
    announcedAt: record.announcedAt,
    sunset: goes ? (record.removedAt ?? iso(calendar.removeAt)) : null,
    extensions: record.extensions,
    brownouts: record.brownouts.map(({ id, state, from, to, harmed }, index) => {
      const dates = coming && state === 'planned' ? planned.get(index) : undefined;
      return {
        id,
        state,
        from: dates === undefined ? from : iso(dates.from),
        to: dates === undefined ? to : iso(dates.to),
        harmed,
      };
    }),
    reminders: coming
      ? calendar.reminders
          .filter(({ at, days }) => at > now && !record.reminded.includes(reminderKey(days, record)))
          .map(({ days, at }) => ({ days, at: iso(at) }))
      : [],
    consumers: record.consumers,
    ready: record.consumers.filter(({ ready }) => ready).length,
    analysed: record.analysed,
    removedAt: record.removedAt,
    restorableUntil: record.restorableUntil,
    paused: record.paused,
    failure: record.failure,
    next: possibleActions(record, now).map(({ action, why }) => ({
      action,
      why,
      path: `/apis/${record.api}/deprecations/${record.id}/${action}`,
      command: commandOf(record, action),
    })),
    wakesAt: isOver(record) ? null : record.execution.startsAt,
    createdBy: record.createdBy,
    createdAt: record.createdAt,
    updatedAt: record.updatedAt,
    endedAt: record.endedAt,
  };
}
