import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type VirtualClock, virtualClock } from '#local/clock.ts';
import { setClock } from '#platform/clock.ts';
import { setRandom } from '#platform/random.ts';
import type { Answer, Feed } from './feed.ts';
import { type FlagSource, type FlagSourceOptions, flagSource, type SourceEvent } from './flag-source.ts';
import type { Kept } from './kept-documents.ts';

let time: VirtualClock;
let restore: (() => void)[] = [];
const opened: FlagSource[] = [];
beforeEach(() => {
  time = virtualClock(1_800_000_000_000);
  const iso = () => new Date(time.now()).toISOString();
  restore = [setClock({ now: time.now, iso, monotonic: time.now, sleep: time.sleep }), setRandom(() => 0)];
});
afterEach(() => {
  for (const one of opened.splice(0)) one.close();
  // The last first: each puts back what it found.
  for (const one of restore.toReversed()) one();
});

const flag = (on: boolean) => ({
  state: 'ENABLED',
  variants: { on: true, off: false },
  defaultVariant: on ? 'on' : 'off',
});
const documentOf = (flags: Record<string, boolean>) => ({
  flags: Object.fromEntries(Object.entries(flags).map(([key, on]) => [key, flag(on)])),
});

/** A feed that answers what it is told to, as soon as it is asked. */
function told(more: Partial<Feed> = {}) {
  const state = {
    asked: 0,
    cursors: [] as (string | undefined)[],
    answer: (): Answer | Promise<Answer> => ({ documents: { flags: documentOf({ a: true }) } }),
  };
  const feed: Feed = {
    name: 'told',
    parts: ['flags'],
    intervalMs: 1_000,
    ask: async (cursor) => {
      state.asked += 1;
      state.cursors.push(cursor);
      return state.answer();
    },
    ...more,
  };
  return { state, feed };
}
const never = () => new Promise<Answer>(() => {});
const away = (): Answer => {
  throw new Error('away');
};

function open(options: FlagSourceOptions) {
  const source = flagSource(options);
  opened.push(source);
  const events: SourceEvent[] = [];
  source.subscribe((event) => events.push(event));
  const value = async (key = 'a') => (await source.get())?.evaluate(key, {}).value;
  return { source, events, value };
}
const states = (events: SourceEvent[]) => events.flatMap((one) => (one.kind === 'state' ? [one.state] : []));

describe('flags in a process that may be frozen', () => {
  it('waits for the first answer, then uses it at once while newer is asked for', async () => {
    const { state, feed } = told();
    const { value } = open({ feeds: [feed] });
    expect(await value()).toBe(true);
    expect(await value()).toBe(true);
    expect(state.asked).toBe(1);
    await time.advance(1_000);
    state.answer = () => ({ documents: { flags: documentOf({ a: false }) } });
    // The old one is given while the new one is on its way.
    expect(await value()).toBe(true);
    await time.advance(0);
    expect(state.asked).toBe(2);
    expect(await value()).toBe(false);
  });

  it('asks nothing by itself, however much time passes', async () => {
    const { state, feed } = told();
    const { value } = open({ feeds: [feed] });
    await value();
    await time.advance(3_600_000);
    expect(state.asked).toBe(1);
    expect(time.pending).toBe(0);
  });

  it('waits for a newer one where what is known is stale', async () => {
    const { state, feed } = told();
    const { value, events } = open({ feeds: [feed], staleAfterMs: 60_000 });
    await value();
    state.answer = () => ({ documents: { flags: documentOf({ a: false }) } });
    await time.advance(60_001);
    expect(await value()).toBe(false);
    expect(states(events)).toEqual(['ready']);
  });

  it('waits no longer than its budget, once for each question, and goes on with what it has', async () => {
    const { state, feed } = told();
    const { value, source, events } = open({
      feeds: [feed],
      staleAfterMs: 60_000,
      budgetMs: 250,
      timeoutMs: 2_000,
    });
    await value();
    state.answer = never;
    await time.advance(60_001);
    let given: unknown = 'nothing yet';
    void value().then((found) => {
      given = found;
    });
    await time.advance(249);
    expect(given).toBe('nothing yet');
    await time.advance(1);
    expect(given).toBe(true);
    expect(source.state()).toBe('stale');
    // The question goes on; nobody waits for it again.
    expect(await value()).toBe(true);
    expect(state.asked).toBe(2);
    await time.advance(1_750);
    expect(source.message()).toBe('told: told did not answer within 2000 ms');
    expect(states(events)).toEqual(['ready', 'stale']);
    // And after it failed nobody waits until it is asked again.
    expect(await value()).toBe(true);
    expect(state.asked).toBe(2);
  });

  it('has no flags where nothing came in its budget, and has them as soon as they are there', async () => {
    const { state, feed } = told();
    let answer = (_: Answer) => {};
    state.answer = () =>
      new Promise<Answer>((resolve) => {
        answer = resolve;
      });
    const { source, events } = open({ feeds: [feed], budgetMs: 250 });
    const cold = source.get();
    await time.advance(250);
    expect(await cold).toBeUndefined();
    expect(source.state()).toBe('empty');
    expect(source.message()).toBe('told did not answer yet');
    answer({ documents: { flags: documentOf({ a: true }) } });
    await time.advance(0);
    expect((await source.get())?.evaluate('a', {}).value).toBe(true);
    expect(states(events)).toEqual(['ready']);
  });

  it('gives up a question that was under way when the process was frozen, and takes nothing of it any more', async () => {
    const { state, feed } = told();
    const { value } = open({ feeds: [feed], timeoutMs: 2_000 });
    await value();
    let late = (_: Answer) => {};
    state.answer = () =>
      new Promise<Answer>((resolve) => {
        late = resolve;
      });
    await time.advance(1_000);
    await value();
    expect(state.asked).toBe(2);
    // Frozen: time goes on, no timer fires.
    const thawed = time.now() + 600_000;
    restore.push(setClock({ now: () => thawed, iso: () => '', monotonic: () => thawed, sleep: time.sleep }));
    state.answer = () => ({ documents: { flags: documentOf({ a: false }) } });
    expect(await value()).toBe(false);
    expect(state.asked).toBe(3);
    late({ documents: { flags: documentOf({ a: true }) } });
    await time.advance(0);
    expect(await value()).toBe(false);
  });

  it('asks again when the clock was put back', async () => {
    const { state, feed } = told();
    const { value } = open({ feeds: [feed] });
    await value();
    const before = time.now() - 3_600_000;
    restore.push(setClock({ now: () => before, iso: () => '', monotonic: () => before, sleep: time.sleep }));
    await value();
    expect(state.asked).toBe(2);
  });

  it('asks ever more rarely while a source is down, once for however many evaluations', async () => {
    const { state, feed } = told();
    const { value, source, events } = open({ feeds: [feed] });
    await value();
    state.answer = away;
    restore.push(setRandom(() => 0.99));
    for (let second = 0; second < 600; second += 1) {
      await time.advance(1_000);
      expect(await Promise.all([value(), value(), value()])).toEqual([true, true, true]);
    }
    expect(state.asked).toBeGreaterThan(20);
    expect(state.asked).toBeLessThan(40);
    expect(source.state()).toBe('stale');
    expect(events.filter(({ kind }) => kind === 'problem')).toEqual([
      { kind: 'problem', message: 'told: away' },
    ]);
    state.answer = () => ({});
    await time.advance(30_000);
    await value();
    expect(source.state()).toBe('ready');
    expect(states(events)).toEqual(['ready', 'stale', 'ready']);
  });
});

describe('what comes from a feed', () => {
  it('goes on from the last answer that was taken', async () => {
    const { state, feed } = told();
    state.answer = () => ({ documents: { flags: documentOf({ a: true }) }, cursor: `c${state.asked}` });
    const { value } = open({ feeds: [feed] });
    await value();
    await time.advance(1_000);
    await value();
    await time.advance(1_000);
    expect(state.cursors).toEqual([undefined, 'c1']);
  });

  it('rests as long as the feed says', async () => {
    const { state, feed } = told();
    state.answer = () => ({ documents: { flags: documentOf({ a: true }) }, restMs: 15_000 });
    const { value } = open({ feeds: [feed] });
    await value();
    await time.advance(14_999);
    await value();
    expect(state.asked).toBe(1);
    await time.advance(1);
    await value();
    expect(state.asked).toBe(2);
  });

  it('keeps the good document when a bad one comes, and says what is wrong with it', async () => {
    const { state, feed } = told();
    const { value, source, events } = open({ feeds: [feed] });
    await value();
    state.answer = () => ({ documents: { flags: 'no JSON at all' } });
    await time.advance(1_000);
    await value();
    await time.advance(0);
    expect(await value()).toBe(true);
    expect(source.state()).toBe('invalid');
    expect(source.message()).toMatch(/^the newest document of flags was refused: /);
    // It stays refused as long as nothing else comes.
    state.answer = () => ({});
    await time.advance(1_000);
    await value();
    await time.advance(0);
    expect(source.state()).toBe('invalid');
    state.answer = () => ({ documents: { flags: documentOf({ a: false }) } });
    await time.advance(1_000);
    await value();
    await time.advance(0);
    expect(await value()).toBe(false);
    expect(events.map((one) => (one.kind === 'state' ? one.state : one.kind))).toEqual([
      'ready',
      'problem',
      'invalid',
      'changed',
      'ready',
    ]);
  });

  it('tells of a bad document once, and is not harmed by who hears of it', async () => {
    const { state, feed } = told();
    const { value, source, events } = open({ feeds: [feed] });
    source.subscribe(() => {
      throw new Error('a defect of the listener');
    });
    await value();
    state.answer = () => ({ documents: { flags: 'no JSON at all' } });
    for (let poll = 0; poll < 5; poll += 1) {
      await time.advance(1_000);
      await value();
    }
    expect(await value()).toBe(true);
    expect(events.filter(({ kind }) => kind === 'problem')).toHaveLength(1);
  });

  it('does not lose a kill switch that comes with a bad document', async () => {
    const { state, feed } = told({ parts: ['flags', 'killSwitches'] });
    state.answer = () => ({ documents: { flags: documentOf({ a: true }), killSwitches: documentOf({}) } });
    const { value, events } = open({ feeds: [feed] });
    expect(await value()).toBe(true);
    state.answer = () => ({ documents: { flags: 7, killSwitches: documentOf({ a: false }) } });
    await time.advance(1_000);
    await value();
    await time.advance(0);
    expect(await value()).toBe(false);
    expect(events).toContainEqual({ kind: 'changed', flags: ['a'] });
  });

  it('evaluates nothing before it knows the kill switches', async () => {
    const flags = told();
    const switches = told({ name: 'switches', parts: ['killSwitches'] });
    switches.state.answer = away;
    const { value, source } = open({ feeds: [flags.feed, switches.feed] });
    expect(await value()).toBeUndefined();
    expect(source.state()).toBe('empty');
    expect(source.documents()).toBeUndefined();
    switches.state.answer = () => ({ documents: { killSwitches: documentOf({ a: false }) } });
    await time.advance(1_000);
    expect(await value()).toBe(false);
  });
});

describe('a process that is never frozen', () => {
  it('is brought up to date by a timer, and no evaluation waits', async () => {
    const { state, feed } = told();
    const { source, events } = open({ feeds: [feed] });
    source.poll();
    await time.advance(0);
    state.answer = () => ({ documents: { flags: documentOf({ a: false, b: true }) } });
    await time.advance(1_200);
    expect(source.current()?.evaluate('a', {}).value).toBe(false);
    expect(events).toContainEqual({ kind: 'changed', flags: ['a', 'b'] });
    state.answer = never;
    await time.advance(600_000);
    const before = time.now();
    expect((await source.get())?.evaluate('a', {}).value).toBe(false);
    expect(time.now()).toBe(before);
    source.close();
    await time.advance(60_000);
    expect(time.pending).toBe(0);
  });
});

describe('what is kept', () => {
  const keptIn = (first?: Kept) => {
    const state = { kept: first };
    const kept = {
      load: async () => state.kept,
      save: async (what: Kept) => {
        state.kept = what;
      },
    };
    return { state, kept };
  };

  it('is in force after a restart while the source is down', async () => {
    const { state, kept } = keptIn();
    const first = told();
    await open({ feeds: [first.feed], kept }).value();
    expect(state.kept).toEqual({
      documents: { flags: documentOf({ a: true }) },
      revisions: { flags: expect.any(String) },
    });
    const second = told();
    second.state.answer = away;
    const again = open({ feeds: [second.feed], kept });
    expect(await again.value()).toBe(true);
    expect(again.source.state()).toBe('stale');
  });

  it('does not take the place of what the source says', async () => {
    const { kept } = keptIn({ documents: { flags: documentOf({ a: false }) }, revisions: {} });
    const { feed } = told();
    const { value, source } = open({ feeds: [feed], kept });
    expect(await value()).toBe(true);
    expect(source.state()).toBe('ready');
  });

  it('is as if nothing was kept where it is broken', async () => {
    const { kept } = keptIn({ documents: { flags: 'broken' }, revisions: {} });
    const { feed, state } = told();
    state.answer = away;
    const { value, source } = open({ feeds: [feed], kept });
    expect(await value()).toBeUndefined();
    state.answer = () => ({ documents: { flags: documentOf({ a: true }) } });
    await time.advance(1_000);
    expect(await value()).toBe(true);
    expect(source.state()).toBe('ready');
  });
});

const step = fc.record({
  kind: fc.constantFrom('good', 'bad', 'down', 'same', 'hang', 'pass'),
  on: fc.boolean(),
  ms: fc.integer({ min: 1, max: 200_000 }),
});

it('always gives the newest good document that came, whatever comes after it, and never waits beyond its budget', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const { state, feed } = told();
      const { source } = open({ feeds: [feed], budgetMs: 250 });
      let newest: boolean | undefined;
      state.answer = away;
      for (const one of steps) {
        if (one.kind === 'pass') await time.advance(one.ms);
        else
          state.answer = () => {
            if (one.kind === 'down') return away();
            if (one.kind === 'hang') return never();
            if (one.kind === 'same') return {};
            if (one.kind === 'bad') return { documents: { flags: [] } };
            newest = one.on;
            return { documents: { flags: documentOf({ a: one.on }) } };
          };
        let given: { value: unknown } | undefined;
        const asked = time.now();
        void source.get().then((set) => {
          given = { value: set?.evaluate('a', {}).value };
        });
        while (given === undefined && time.now() - asked <= 250) await time.advance(10);
        expect(given).toBeDefined();
        await time.advance(0);
        expect(source.current()?.evaluate('a', {}).value).toBe(newest);
        await time.advance(0);
      }
      source.close();
    }),
    { numRuns: 50 },
  );
});
