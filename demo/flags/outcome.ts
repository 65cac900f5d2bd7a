import { type Effect, effectOf, failuresIn, type Reading, type Share, shareOf } from './figures.ts';
import type { Visit } from './messages.ts';
import { limits, roundMs } from './shop.ts';
import type { Played } from './story.ts';

/** What docs/ promises of the time to the last request without a change, ms; and what it is counted from. */
const promised = { share: 2_000, value: 1_000, kill: 2_000 };

/** A change as the service's users saw it. */
export interface SeenChange {
  /** From the command until the platform had put it in force, ms; null: it never did. */
  inForce: number | null;
  /** After the command, by the requests. */
  effect: Effect;
  /** Of the time between: whether the last request without it came as soon as docs/ promises. */
  kept: boolean;
}

/** What came of the demo, by the requests of the users. */
export interface Outcome {
  requests: number;
  lost: number;
  rollout: { status: string; steps: (Share & SeenChange)[] };
  good: SeenChange & { status: string };
  bad: SeenChange & {
    status: string;
    /** From the command until its health check condemned it, until the former value was stored, and until the last request that had the bad one, ms. */
    foundAfter: number | null;
    restoredAfter: number | null;
    goneAfter: number | null;
    why: string;
    /** Requests that had the bad value, and those of them that failed. */
    requests: number;
    failed: number;
  };
  /** Of the kill switch, by the requests of the users who had the new checkout. */
  kill: SeenChange;
  /** Requests that failed with a good value. */
  otherFailures: number;
  /** What is not as it should be. */
  problems: string[];
}

function seen(effect: Effect, inForceAt: number | null, from: number, promise: number): SeenChange {
  const inForce = inForceAt === null ? null : Math.max(0, inForceAt - from);
  return {
    inForce,
    effect,
    kept: inForce !== null && effect.everywhere !== null && effect.lastWithout - inForce <= promise,
  };
}

const timeOf = (text: string | null | undefined): number | null => (text == null ? null : Date.parse(text));

/** The figures of a finished demo, and what is wrong with them. */
export function outcomeOf(played: Played, visits: readonly Visit[], instances: number): Outcome {
  const { rollout, good, bad, kill } = played;
  const steps = played.steps.map(({ percentage, setAt, publishedAt }, at) => {
    const stretch = { from: setAt, to: played.steps[at + 1]?.setAt ?? good.askedAt };
    const share = shareOf(visits, stretch, { percentage, instances, roundMs });
    return { ...share, ...seen(share.effect, publishedAt, setAt, promised.share) };
  });
  const limitSeen = (from: number, to: number, read: Reading) =>
    effectOf(visits, { from, to }, { read, instances });
  const toGood: Reading = ({ limitMs }) =>
    limitMs === limits.good ? 'new' : limitMs === limits.first ? 'old' : undefined;
  const toBad: Reading = ({ limitMs }) =>
    limitMs === limits.bad ? 'new' : limitMs === limits.good ? 'old' : undefined;
  const badVisits = visits.filter(({ limitMs }) => limitMs === limits.bad);
  const foundAt = timeOf(bad.update.failure?.at);
  const after = (at: number | null) => (at === null ? null : at - bad.askedAt);
  const { lost, failedAt } = failuresIn(visits);
  const allFailed = [...failedAt.values()].reduce((sum, one) => sum + one, 0);
  const badFailed = failedAt.get(limits.bad) ?? 0;
  const outcome = {
    requests: visits.length,
    lost,
    rollout: { status: rollout.status, steps },
    good: {
      status: good.update.status,
      ...seen(
        limitSeen(good.askedAt, bad.askedAt, toGood),
        timeOf(good.update.appliedAt),
        good.askedAt,
        promised.value,
      ),
    },
    bad: {
      status: bad.update.status,
      // Until it was found: what came after that had the former value again.
      ...seen(
        limitSeen(bad.askedAt, foundAt ?? kill.askedAt, toBad),
        timeOf(bad.update.appliedAt),
        bad.askedAt,
        promised.value,
      ),
      foundAfter: after(foundAt),
      restoredAfter: after(timeOf(bad.update.endedAt)),
      goneAfter: after(badVisits.reduce<number | null>((last, { at }) => Math.max(last ?? at, at), null)),
      why: bad.update.failure?.message ?? '',
      requests: badVisits.length,
      failed: badFailed,
    },
    kill: seen(
      effectOf(
        visits,
        { from: kill.askedAt, to: played.endedAt },
        {
          read: ({ isNew }) => (isNew === null ? undefined : isNew ? 'old' : 'new'),
          instances,
        },
      ),
      kill.takenAt,
      kill.askedAt,
      promised.kill,
    ),
    otherFailures: allFailed - badFailed,
  };
  return { ...outcome, problems: problemsOf(outcome, played, visits) };
}

function problemsOf(
  { rollout, good, bad, kill, lost, otherFailures }: Omit<Outcome, 'problems'>,
  played: Played,
  visits: readonly Visit[],
): string[] {
  const problems: string[] = [];
  const expect = (holds: boolean, problem: string) => {
    if (!holds) problems.push(problem);
  };
  expect(rollout.status === 'completed', `The rollout ended ${rollout.status}: ${played.rollout.reason}`);
  expect(rollout.steps.length === played.rollout.steps.length, 'Not every step of the rollout was set');
  expect(
    rollout.steps.some(({ settled }) => settled),
    'No step of the rollout lasted long enough to be counted',
  );
  for (const { percentage, withIt, users, settled, asAsked, taken, split } of rollout.steps) {
    // A step that a busy machine did not bring to everybody in time says nothing.
    if (!settled) continue;
    expect(asAsked, `At ${percentage} % ${withIt} of ${users} users had the new checkout`);
    expect(taken === 0, `At ${percentage} % the new checkout was taken from ${taken} users who had it`);
    expect(split === 0, `At ${percentage} % instances told ${split} users different things`);
  }
  const last = rollout.steps.at(-1);
  expect(last?.withIt === last?.users, 'Not everybody had the new checkout in the end');
  expect(good.status === 'completed', `The good value ended ${good.status}`);
  expect(good.effect.everywhere !== null, 'The good value did not come to every instance');
  expect(bad.status === 'rolled_back', `The bad value ended ${bad.status}`);
  expect(bad.foundAfter !== null, 'The health check did not find the bad value');
  expect(bad.failed > 0, 'Nobody suffered from the bad value: it was none');
  expect(
    visits.findLast(({ limitMs }) => limitMs !== null)?.limitMs === limits.good,
    'The good value is not in force in the end',
  );
  expect(otherFailures === 0, `${otherFailures} requests failed with a good value`);
  expect(lost === 0, `${lost} requests were not answered`);
  expect(kill.effect.everywhere !== null, 'The kill switch did not come to every instance');
  const killed = visits.filter(({ at, isNew }) => at >= played.endedAt - roundMs && isNew === true).length;
  expect(killed === 0, `${killed} requests had the new checkout although it was switched off`);
  return problems;
}
