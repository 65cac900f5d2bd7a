import type { UpdateRecord } from '../records.ts';
import type { Look } from '../schemas.ts';

/** Looks in a row that find something ill before the update is blamed: one may be chance. */
const badInARow = 2;

export type Verdict =
  | { kind: 'hold'; waitMs: number; bad: number }
  | { kind: 'well' }
  | { kind: 'ill'; ill: Look[] };

/** What was found by one look. */
export interface Found {
  seen: readonly Look[];
  /** Services that have no instance to ask. */
  unknown: readonly string[];
  /** What services say that they cannot use. */
  failures: readonly Look[];
  /** How many instances report what they have in force: they may still say that they cannot. */
  reporting: number;
}

/**
 * What a look means at `now` (epoch ms). What was reported needs no second look. An instance that was ill before the update
 * is not its fault; a URL that was is asked for by whoever wants it to be well afterwards, and has until the end to be.
 */
export function judge(
  { health }: Pick<UpdateRecord, 'health'>,
  { seen, unknown, failures, reporting }: Found,
  now: number,
): Verdict {
  if (failures.length > 0) return { kind: 'ill', ill: [...failures] };
  const left = health.until === null ? 0 : Date.parse(health.until) - now;
  const judged = seen.filter(({ place, service }) => service === null || !health.illBefore.includes(place));
  const excused = (place: string) => left > 0 && health.illBefore.includes(place);
  const missing: Look[] =
    health.unknown === 'skip'
      ? []
      : unknown.map((service) => ({
          service,
          place: service,
          well: false,
          detail: 'has no instance to ask',
        }));
  const ill = [...judged.filter(({ well, place }) => !well && !excused(place)), ...missing];
  const bad = ill.length === 0 ? 0 : health.bad + 1;
  if (ill.length > 0 && (bad >= badInARow || left <= 0)) return { kind: 'ill', ill };
  // Where nobody can be asked and nobody reports, time would tell nothing.
  const watched = judged.length + missing.length + reporting > 0;
  if (ill.length === 0 && (left <= 0 || !watched)) return { kind: 'well' };
  return { kind: 'hold', waitMs: Math.min(health.intervalSeconds * 1_000, Math.max(left, 1_000)), bad };
}
