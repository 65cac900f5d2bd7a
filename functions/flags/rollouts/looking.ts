import { askHealth, illOf } from './health.ts';
import { judgeRollout } from './judging.ts';
import type { Next } from './next.ts';
import type { RolloutRecord, RolloutSample } from './records.ts';
import type { Change } from './rollout-store.ts';
import { sampleStep, withSample } from './sampling.ts';
import type { RolloutHealth } from './schemas.ts';
import type { Standing } from './standing.ts';

/** What was found outside of the record. */
export interface Around {
  sample: RolloutSample | undefined;
  health: RolloutHealth[] | undefined;
}

const isInForce = ({ current }: RolloutRecord, { deployed }: Standing): boolean =>
  current !== null && deployed >= current.revision;

/** Counts users and asks for health, as far as the step is in force and something is to be judged. */
export async function lookAround(record: RolloutRecord, standing: Standing): Promise<Around> {
  if (record.status !== 'running' || !isInForce(record, standing))
    return { sample: undefined, health: undefined };
  const [sample, health] = await Promise.all([
    sampleStep(record),
    record.urls.length === 0 ? undefined : askHealth(record.urls),
  ]);
  return { sample, health };
}

/** What a look changes of what is known, and what was ill for long enough to count. */
export function seenBy(
  record: RolloutRecord,
  standing: Standing,
  { sample, health }: Around,
  at: string,
): { set: Change['set']; ill: string | null } {
  const { current, judge } = record;
  const first = current !== null && current.publishedAt === null && isInForce(record, standing);
  const published = first ? { current: { ...current, publishedAt: at, heldSince: at } } : {};
  const samples = withSample(record.samples, sample);
  const judged =
    sample === undefined || judge === null
      ? {}
      : { samples, judgement: judgeRollout(samples, judge, sample.from, at) };
  if (health === undefined) return { set: { ...published, ...judged }, ill: null };
  const ill = health.some(({ well }) => !well) ? record.ill + 1 : 0;
  return { set: { ...published, ...judged, health, ill }, ill: illOf(health, ill) };
}

/** What is written of a look and of what follows from it; undefined where nothing is new. */
export function changeAfter(
  { status, current }: Pick<RolloutRecord, 'status' | 'current'>,
  seen: Change['set'],
  next: Next,
  at: string,
): Change | undefined {
  const published = seen.current?.publishedAt != null;
  const events = published
    ? [{ type: 'rollout.published', actor: 'theseus', data: { step: current?.index ?? 0 } }]
    : [];
  const event = (type: string, why: string) => ({ type: `rollout.${type}`, actor: 'theseus', data: { why } });
  switch (next.do) {
    case 'end':
      return { set: { ...seen, ends: next.as, ...(next.why === null ? {} : { reason: next.why }) }, events };
    case 'back':
      if (status === 'rolling_back') return undefined;
      return {
        set: { ...seen, status: 'rolling_back', reason: next.why },
        events: [...events, event('failed', next.why)],
      };
    case 'pause': {
      const paused = { by: 'theseus', at, why: next.why };
      return {
        set: { ...seen, status: 'paused', paused, reason: next.why },
        events: [...events, event('paused', next.why)],
      };
    }
    default:
      return Object.keys(seen).length === 0 ? undefined : { set: seen, events };
  }
}
