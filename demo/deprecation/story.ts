import { Deprecation } from '#apis/deprecations/schemas.ts';
import { exitCode, Failure } from '../../cli/failure.ts';
import { colours } from '../../cli/output.ts';
import type { Answer } from './client.ts';
import { api, versions } from './description.ts';
import { eventTeller } from './events.ts';
import { guideOf, policy } from './register.ts';
import type { Stage } from './stage.ts';

// The life of a deprecation: the platform goes on by itself, and people and consumers do what they do in such a life.

const dayMs = 86_400_000;
/** What was counted longer ago is counted again before time is moved, so that no look finds an empty window. */
const countedForMs = 14 * dayMs;
/** Many more than a life has. */
const mostSteps = 300;

/** Which brownout it is that consumers live through, from 1. */
export interface Lived {
  brownouts: number;
}

/** Waits until the requests of everybody, as they are today, are in the platform's books. */
async function allCounted({ platform, consumers }: Stage): Promise<void> {
  await platform.until('the requests of all consumers are counted', async () => {
    const { usage } = await platform.usage();
    return [...consumers.values()].every(({ tally: { consumer, spoken } }) => {
      const version = spoken === 'v1' ? versions.old : versions.new;
      return usage.consumers.some((one) => one.consumer === consumer && one.version === version);
    });
  });
}

/** Waits until the last answer of a consumer is such a one. */
const sees = (
  { consumers, platform }: Stage,
  consumer: string,
  what: string,
  holds: (answer: Answer) => boolean,
): Promise<void> =>
  platform.until(`${consumer} sees ${what}`, () => {
    const last = consumers.get(consumer)?.last();
    return last !== undefined && holds(last);
  });

const seesNew = (stage: Stage, consumer: string) =>
  sees(stage, consumer, 'the new version', ({ spoken, status }) => spoken === 'v2' && status < 400);

/** Starts the consumers of before: two versions side by side, one service behind them. */
export async function enterConsumers(stage: Stage, lived: Lived): Promise<void> {
  stage.enter('web', 'v2');
  stage.enter('mobile', 'v1');
  stage.enter('partner', 'v1', ({ problem }) =>
    problem === 'BrownedOut' && lived.brownouts > 1 ? 'the second brownout' : undefined,
  );
  stage.enter('legacy', 'v1', ({ problem }) => (problem === 'ApiVersionRemoved' ? 'the removal' : undefined));
  await allCounted(stage);
}

/** Announces the deprecation, and has somebody new try the old version. */
export async function announce(stage: Stage): Promise<Deprecation> {
  const { platform, say } = stage;
  say(colours.bold(`${api} ${versions.old} is deprecated, with ${policy.noticeDays} days of notice`));
  const { id } = await platform.ask({
    method: 'POST',
    path: `/apis/${api}/deprecations`,
    body: {
      version: versions.old,
      reason: 'Two forms of an order are one too many',
      guide: guideOf(stage),
      policy: 'half-a-year',
    },
    answer: Deprecation,
  });
  const announced = await platform.settled(id);
  stage.sayTold();
  for (const { consumer, requests, uses } of announced.consumers)
    say(`  in use by ${consumer}, ${requests} requests: ${uses.join(', ')}`);
  await sees(stage, 'legacy', 'that its version goes', ({ deprecation }) => deprecation !== null);
  stage.enter('newcomer', 'v1', ({ problem }) =>
    problem === 'DeprecatedForNewConsumers' ? 'it was refused' : undefined,
  );
  await seesNew(stage, 'newcomer');
  return platform.settled(id);
}

/** Lives through a brownout that has begun: which one it is decides who is hurt. */
async function brownout(stage: Stage, view: Deprecation, index: number): Promise<Deprecation> {
  const { platform, consumers } = stage;
  const { id, to } = view.brownouts[index] ?? {};
  if (index === 0) {
    // The first one finds a consumer unprepared, and is seen to end by that.
    await platform.until('the brownout hurts partner', async () => {
      const { refused } = await platform.usage();
      return refused.some(
        (one) => one.consumer === 'partner' && one.brownout === id && one.requests > policy.harm.refused,
      );
    });
    return platform.wake(view);
  }
  if (index === 1) await seesNew(stage, 'partner');
  const served = () => consumers.get('legacy')?.tally.valid.v1 ?? 0;
  const before = served();
  await platform.until('legacy is let pass', () => served() > before + 3);
  // Its end comes next: that somebody looks every five minutes shows nothing new.
  await platform.move(Date.parse(to ?? '') - platform.now() + 1_000);
  return platform.settled(view.id);
}

/** Reads what the links of a refusal lead to, as somebody would who never heard of it before. Returns its title. */
async function readGuide({ consumers }: Stage, consumer: string): Promise<string> {
  const link = consumers.get(consumer)?.tally.guide ?? '';
  const response = await fetch(link, {
    headers: { accept: 'text/markdown' },
    signal: AbortSignal.timeout(15_000),
  });
  const text = await response.text();
  if (!response.ok)
    throw new Failure(`The guide ${link} answers ${response.status}.`, { code: exitCode.failed });
  return text.split('\n', 1)[0]?.replace(/^#+ /, '') ?? '';
}

/** From the announcement to the end of the time in which the removal could be undone. */
export async function live(stage: Stage, begun: Deprecation, lived: Lived): Promise<Deprecation> {
  const { platform, consumers, say } = stage;
  const done = new Set<string>();
  const once = (what: string): boolean => !done.has(what) && done.add(what).has(what);
  const reminded = (consumer: string) =>
    (consumers.get(consumer)?.tally.told ?? []).filter((kind) => kind === 'reminder').length;
  const act = async (action: string, body: object, words: string): Promise<Deprecation> => {
    say(colours.bold(words));
    const path = `/apis/${api}/deprecations/${begun.id}/${action}`;
    await platform.ask({ method: 'POST', path, body, answer: Deprecation });
    return platform.settled(begun.id);
  };

  /** What somebody does as it stands; undefined: nobody does anything, and time goes on. */
  async function people(view: Deprecation): Promise<Deprecation | undefined> {
    const index = view.brownouts.findIndex(({ state }) => state === 'begun');
    if (index >= 0 && once(`brownout ${index}`)) {
      lived.brownouts = index + 1;
      return brownout(stage, view, index);
    }
    if (reminded('legacy') > 0 && once('extend')) {
      const reason = 'The tills of legacy are changed shop by shop, at night';
      await act('exempt', { consumer: 'legacy', reason }, 'legacy is let pass in brownouts, with a reason');
      const { days } = policy.extensions;
      return act('extend', { days, reason }, `legacy asks for ${days} days more, and gets them`);
    }
    if (reminded('mobile') > 1 && once('mobile')) {
      say(colours.bold('mobile moves, after its second reminder'));
      consumers.get('mobile')?.move('its second reminder');
      await seesNew(stage, 'mobile');
      return view;
    }
    if (consumers.get('partner')?.tally.moved !== null && once('partner'))
      return act('consent', { consumer: 'partner', reason: 'Moved' }, 'partner has moved, and says so');
    if (view.paused !== null && once('resume')) {
      await platform.move(7 * dayMs);
      return act(
        'resume',
        { reason: 'partner has a release at hand' },
        'A week later a person lets it go on',
      );
    }
    if (view.phase === 'consent' && once('consent')) {
      const reason = 'The last till is changed tonight';
      return act('consent', { consumer: 'legacy', reason }, 'legacy consents');
    }
    if (view.phase === 'removed' && once('removed')) {
      await seesNew(stage, 'legacy');
      say(`  legacy follows the link of the refusal: “${await readGuide(stage, 'legacy')}”`);
      return view;
    }
    return undefined;
  }

  const sayEvents = eventTeller(stage);
  let countedAt = platform.now();
  let view = begun;
  for (let step = 0; step < mostSteps && view.endedAt === null; step += 1) {
    await sayEvents(begun.id);
    stage.sayTold();
    const then = await people(view);
    if (then === undefined && platform.now() - countedAt > countedForMs) {
      await allCounted(stage);
      countedAt = platform.now();
    }
    view = then ?? (await platform.wake(view));
  }
  await sayEvents(begun.id);
  return view;
}
