import { z } from 'zod';
import { type Deployment, DeploymentEvent } from '#deployments/schemas.ts';
import type { Ask } from '../../cli/client.ts';
import { type Counted, countedBy, hadItsPart, lostIn } from './figures.ts';
import type { Second } from './second.ts';
import { versions } from './story.ts';

/** What is on the screen. */
export interface Shown {
  title: string;
  deployment: Deployment | undefined;
  seconds: Second[];
}

/** A time with one split of the traffic, and what the visitors counted in it. */
export interface Split {
  version: string;
  percent: number;
  counted: Record<string, Counted>;
  asAsked: boolean;
}

/** What came of the demo, by the visitors' own counts. */
export interface Outcome {
  requests: number;
  lost: Record<string, number>;
  before: Record<string, Counted>;
  splits: Split[];
  good: { status: string; seconds: number };
  bad: {
    status: string;
    /** Answers of the bad version that its visitors saw, and those of them that were errors. */
    answers: number;
    errors: number;
    /** From its first traffic until the judge condemned it, and until all traffic was back, s. */
    condemnedAfter: number | null;
    backAfter: number | null;
    /** What condemned it, in the judge's words. */
    why: string[];
  };
  /** Errors that anybody but the bad version answered. */
  otherErrors: number;
  /** What is not as it should be. */
  problems: string[];
}

const EventPage = z.object({ items: z.array(DeploymentEvent) });
/** Seconds at the borders of a split, which belong to two. */
const bordersMs = 1_500;
/** Answers below which a split is not looked at: it was too short. */
const enough = 300;

async function splitsOf(ask: Ask, { id, version, fullAt }: Deployment, seconds: Second[]): Promise<Split[]> {
  const path = `/deployments/${id}/events`;
  const { items } = await ask({ method: 'GET', path, query: { limit: 100 }, answer: EventPage });
  const moves = items.filter(({ type }) => /^traffic\.shift(ed|ing_back)$/.test(type));
  const looked = moves.flatMap(({ type, at, data }, index) => {
    const next = moves[index + 1]?.at ?? (type === 'traffic.shifted' ? fullAt : null);
    const percent = Number(data.percent);
    if (type !== 'traffic.shifted' || next === null || percent === 100) return [];
    const counted = countedBy(seconds, {
      from: Date.parse(at) + bordersMs,
      to: Date.parse(next) - bordersMs,
    });
    return [{ version, percent, counted, asAsked: hadItsPart(counted, version, percent) }];
  });
  const answersOf = ({ counted }: Split) => Object.values(counted).reduce((sum, one) => sum + one.answers, 0);
  return looked.filter((one) => answersOf(one) >= enough);
}

const secondsBetween = (from: string | null | undefined, to: string | null | undefined): number | null =>
  from == null || to == null ? null : Math.round((Date.parse(to) - Date.parse(from)) / 100) / 10;

/** The figures of a finished demo, and what is wrong with them. */
export async function figuresOf(demo: {
  ask: Ask;
  /** The good deployment, then the bad one. */
  runs: Deployment[];
  seconds: Second[];
  beganAt: number;
}): Promise<Outcome> {
  const { ask, runs, seconds, beganAt } = demo;
  const [good, bad] = runs;
  if (good === undefined || bad === undefined) throw new Error('Expected two deployments');
  const whole = { from: 0, to: Number.POSITIVE_INFINITY };
  const all = countedBy(seconds, whole);
  const lost = lostIn(seconds, whole);
  const splits = (await Promise.all(runs.map((one) => splitsOf(ask, one, seconds)))).flat();
  const ofBad = all[versions.bad.version];
  const condemned = (bad.judgement?.metrics ?? []).filter(({ verdict }) => verdict === 'worse');
  const condemnedAt = condemned.flatMap((one) => one.condemnedAt ?? []).sort()[0];
  const answers = Object.values(all).reduce((sum, one) => sum + one.answers, 0);
  const lostCount = Object.values(lost).reduce((sum, one) => sum + one, 0);
  const otherErrors = Object.entries(all).reduce(
    (sum, [version, { errors }]) => (version === versions.bad.version ? sum : sum + errors),
    0,
  );
  return {
    requests: answers + lostCount,
    lost,
    before: countedBy(seconds, { from: beganAt, to: Date.parse(good.createdAt) }),
    splits,
    good: { status: good.status, seconds: secondsBetween(good.startedAt, good.endedAt) ?? 0 },
    bad: {
      status: bad.status,
      answers: ofBad?.answers ?? 0,
      errors: ofBad?.errors ?? 0,
      condemnedAfter: secondsBetween(bad.firstTrafficAt, condemnedAt),
      backAfter: secondsBetween(bad.firstTrafficAt, bad.backAt),
      why: condemned.map(({ metric, says }) => `${metric}: ${says}`),
    },
    otherErrors,
    problems: [
      ...(good.status === 'completed'
        ? []
        : [`The good version ended ${good.status}: ${good.failure?.message}`]),
      ...(bad.status === 'rolled_back' ? [] : [`The bad version ended ${bad.status}`]),
      ...(condemned.length > 0 ? [] : ['The judge did not condemn the bad version']),
      ...(lostCount === 0 ? [] : [`${lostCount} requests were lost`]),
      ...(otherErrors === 0 ? [] : [`${otherErrors} errors came from others than the bad version`]),
      ...(splits.length > 0 ? [] : ['No split of the traffic lasted long enough to be counted']),
      ...splits
        .filter(({ asAsked }) => !asAsked)
        .map(({ version, percent }) => `${version} did not have ${percent} % of the traffic`),
    ],
  };
}
