import { z } from 'zod';
import { type ConfigurationUpdate, UpdateStatus } from '#configuration/updates/schemas.ts';
import { FlagRollout, RolloutEventPage } from '#flags/rollouts/schemas.ts';
import { environment, flag, limits, roundMs } from './shop.ts';
import { putLimit, readUpdate, type Stage } from './stage.ts';

/** Short steps, since somebody watches; to the last one belongs no time, since it stays. */
const steps = [
  { percentage: 10, holdSeconds: 5 },
  { percentage: 50, holdSeconds: 5 },
  { percentage: 100, holdSeconds: 0 },
];
const resting = new Set<string>(UpdateStatus.exclude(['waiting', 'running', 'rolling_back']).options);

/** A percentage as the workflow set it; epoch ms. */
export interface SetStep {
  percentage: number;
  setAt: number;
  /** When AppConfig had deployed it; null: never. */
  publishedAt: number | null;
}

/** A change of the limit, and the update that made it, as it ended. */
export interface ChangedLimit {
  /** When it was asked for, epoch ms. */
  askedAt: number;
  update: ConfigurationUpdate;
}

/** What was done to the shop, in the order of time. */
export interface Played {
  rollout: FlagRollout;
  steps: SetStep[];
  good: ChangedLimit;
  bad: ChangedLimit;
  /** When the kill switch was asked for, and when the platform had taken it, epoch ms. */
  kill: { askedAt: number; takenAt: number };
  endedAt: number;
}

/** Whether what came in the time in which everybody comes once shows a change, and nothing else. */
function everybodySees(
  { visits }: Stage,
  since: number,
  isNew: (visit: Stage['visits'][number]) => boolean,
): boolean {
  const from = Math.max(since, (visits.at(-1)?.at ?? 0) - roundMs);
  const recent = visits.slice(visits.findLastIndex(({ at }) => at < from) + 1);
  const enough = (visits.at(-1)?.at ?? 0) - since >= roundMs;
  return enough && recent.length > 0 && recent.every(isNew);
}

/** Rolls the new checkout out to everybody. `look` sees every look at it. */
export async function rollOut(
  stage: Stage,
  look: (rollout: FlagRollout) => void,
): Promise<Pick<Played, 'rollout' | 'steps'>> {
  const { ask, until } = stage;
  const begun = await ask({
    method: 'POST',
    path: `/flags/environments/${environment}/flags/${flag}/rollouts`,
    body: { steps, why: 'fewer clicks' },
    answer: FlagRollout,
  });
  let rollout = begun;
  let step: number | null;
  do {
    ({ step } = rollout);
    // Each step has its own patience.
    await until(async () => {
      rollout = await ask({ method: 'GET', path: `/flags/rollouts/${begun.id}`, answer: FlagRollout });
      look(rollout);
      return rollout.endedAt !== null || rollout.step !== step;
    });
  } while (rollout.endedAt === null && rollout.step !== step);
  await until(() => everybodySees(stage, Date.parse(rollout.updatedAt), ({ isNew }) => isNew === true));
  const { items } = await ask({
    method: 'GET',
    path: `/flags/rollouts/${begun.id}/events`,
    query: { limit: 100 },
    answer: RolloutEventPage,
  });
  const publishedAt = (step: unknown) =>
    items.find(({ type, data }) => type === 'rollout.published' && data.step === step)?.at;
  const set = items
    .filter(({ type }) => type === 'rollout.step_set')
    .map(({ at, data }): SetStep => {
      const published = publishedAt(data.step);
      return {
        percentage: Number(data.percentage),
        setAt: Date.parse(at),
        publishedAt: published === undefined ? null : Date.parse(published),
      };
    });
  return { rollout, steps: set };
}

/** Changes the limit, and waits until the update rests and everybody sees what it left. */
export async function changeLimit(
  stage: Stage,
  change: { value: number; why: string; left: number },
  look: (update: ConfigurationUpdate) => void,
): Promise<ChangedLimit> {
  const askedAt = Date.now();
  let update = await putLimit(stage.ask, change.value, change.why);
  await stage.until(async () => {
    update = await readUpdate(stage.ask, update.id);
    look(update);
    return resting.has(update.status);
  });
  await stage.until(() => everybodySees(stage, askedAt, ({ limitMs }) => limitMs === change.left));
  return { askedAt, update };
}

export const changeWell = (
  stage: Stage,
  look: (update: ConfigurationUpdate) => void,
): Promise<ChangedLimit> =>
  changeLimit(stage, { value: limits.good, why: 'give up sooner', left: limits.good }, look);

export const changeBadly = (
  stage: Stage,
  look: (update: ConfigurationUpdate) => void,
): Promise<ChangedLimit> =>
  changeLimit(stage, { value: limits.bad, why: 'seconds, or not?', left: limits.good }, look);

/** Takes the new checkout from everybody. */
export async function kill(stage: Stage): Promise<Played['kill']> {
  const askedAt = Date.now();
  await stage.ask({
    method: 'POST',
    path: `/flags/environments/${environment}/flags/${flag}/kill`,
    body: { why: 'orders are lost' },
    answer: z.unknown(),
  });
  const takenAt = Date.now();
  await stage.until(() => everybodySees(stage, takenAt, ({ isNew }) => isNew === false));
  return { askedAt, takenAt };
}
