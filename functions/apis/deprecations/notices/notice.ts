import { dayMs } from '../calendar.ts';
import type { DeprecationRecord } from '../records.ts';
import { elementKey } from '../schemas.ts';
import { calendarFor, unprepared } from '../standing.ts';

// What consumers are told. Texts name what goes, when, where to go, and what to do now.

export type NoticeKind =
  | 'announced'
  | 'reminder'
  | 'sunset_moved'
  | 'brownout_announced'
  | 'brownout_stopped'
  | 'consent_asked'
  | 'removed'
  | 'cancelled'
  | 'restored';

export interface Notice {
  kind: NoticeKind;
  /** Of one deprecation, every notice has its own: sent once, however often it is asked for. */
  key: string;
  title: string;
  text: string;
}

const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
const minute = (ms: number): string => `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`;

const inDays = (ms: number): string => {
  const days = Math.max(0, Math.round(ms / dayMs));
  return days === 0 ? 'today' : days === 1 ? 'in one day' : `in ${days} days`;
};

/** What goes, in a few words. */
export function subjectInWords({
  api,
  version,
  elements,
}: Pick<DeprecationRecord, 'api' | 'version' | 'elements'>): string {
  if (elements === null) return `${api} ${version}`;
  const named = elements.slice(0, 3).map(elementKey).join(', ');
  const more = elements.length > 3 ? ` and ${elements.length - 3} more` : '';
  return `${named}${more} in ${api} ${version}`;
}

/** Where to go, and who to tell. */
function wayOut(record: DeprecationRecord): string {
  const to = record.elements === null ? `Move to ${record.api} ${record.successor}.` : 'Stop using it.';
  const guide = record.guide === null ? '' : ` How: ${record.guide}`;
  return `${to}${guide} Then say so: theseus api deprecation consent ${record.api} ${record.id} <consumer>`;
}

/** A notice of this kind as the record stands at `now`. `detail` is what the kind needs besides. */
export function noticeOf(
  record: DeprecationRecord,
  now: number,
  kind: NoticeKind,
  detail: { days?: number; index?: number; why?: string } = {},
): Notice {
  const what = subjectInWords(record);
  const { removeAt } = calendarFor(record, now);
  const gone = day(removeAt);
  const { days = 0, index = 0, why = '' } = detail;
  const brownout = record.brownouts[index];
  const from = brownout?.from === undefined || brownout.from === null ? now : Date.parse(brownout.from);
  const to = brownout?.to === undefined || brownout.to === null ? from : Date.parse(brownout.to);
  const hours = Math.max(1, Math.round((to - from) / 3_600_000));
  const status = record.policy.brownoutStatus;
  const said: Record<NoticeKind, { key: string; title: string; text: string }> = {
    announced: {
      key: kind,
      title: `${what} is deprecated`,
      text: `${what} is deprecated and goes on ${gone}. Why: ${record.reason}. ${wayOut(record)}`,
    },
    reminder: {
      key: `reminder-${days}-${record.extensions.length}`,
      title: `${what} goes ${inDays(removeAt - now)}`,
      text: `${what} goes on ${gone}. ${stillUsed(record)} ${wayOut(record)}`,
    },
    sunset_moved: {
      key: `sunset-${new Date(removeAt).toISOString()}`,
      title: `${what} goes on ${gone} now`,
      text: `The removal of ${what} was moved to ${gone}.${lastReason(record)} ${wayOut(record)}`,
    },
    brownout_announced: {
      key: `brownout-${index}-${new Date(from).toISOString()}`,
      title: `${what} is switched off for ${hours} h on ${day(from)}`,
      text: `From ${minute(from)} to ${minute(to)} requests for ${what} get ${status}, as a rehearsal of the removal on ${gone}. ${wayOut(record)}`,
    },
    brownout_stopped: {
      key: `stopped-${index}`,
      title: `${what} is served again`,
      text: `The brownout of ${what} was ended before its time: ${why}. Nothing further happens until somebody resumes the deprecation.`,
    },
    consent_asked: {
      key: `consent-${record.extensions.length}`,
      title: `${what} waits for consent`,
      text: `The time of ${what} is over; it stays until all consumers consent. ${stillUsed(record)} ${wayOut(record)}`,
    },
    removed: {
      key: kind,
      title: `${what} is gone`,
      text:
        record.elements === null
          ? `Requests for ${what} get 410 Gone. Move to ${record.api} ${record.successor}.${record.guide === null ? '' : ` How: ${record.guide}`}`
          : `${what} may be left out of the next version. ${wayOut(record)}`,
    },
    cancelled: {
      key: kind,
      title: `${what} stays`,
      text: `The deprecation of ${what} was cancelled: ${record.cancel?.reason ?? ''}. It is as it was before.`,
    },
    restored: {
      key: kind,
      title: `${what} is served again`,
      text: `The removal of ${what} was undone: ${record.restore?.reason ?? ''}.`,
    },
  };
  return { kind, ...said[kind] };
}

/** Who is told: all of its consumers; whoever has said that it is ready is neither reminded nor asked again. */
export const toldOf = ({ consumers }: Pick<DeprecationRecord, 'consumers'>, kind: NoticeKind): string[] =>
  consumers
    .filter(({ consented }) => consented === null || (kind !== 'reminder' && kind !== 'consent_asked'))
    .map(({ consumer }) => consumer);

function stillUsed(record: DeprecationRecord): string {
  const left = unprepared(record);
  if (left.length === 0) return 'No consumer is known to use it still.';
  return left.length === 1 ? 'One consumer still uses it.' : `${left.length} consumers still use it.`;
}

const lastReason = ({ extensions }: DeprecationRecord): string => {
  const last = extensions.at(-1);
  return last === undefined ? '' : ` Why: ${last.reason}.`;
};
