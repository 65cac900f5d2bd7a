import { createServer, type Server } from 'node:http';
import { ErrorCode, type EvaluationDetails, type FlagValue, type HookContext } from '@openfeature/server-sdk';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { virtualClock } from '#local/clock.ts';
import { clock, setClock } from '#platform/clock.ts';
import { ExposureBatch } from './events.ts';
import { type ExposureHookOptions, exposureHook } from './exposure-hook.ts';
import { platformAssignments } from './platform-assignments.ts';
import { Remembered } from './remembered.ts';

/** The platform as far as a client sees it. */
let server: Server;
let url = '';
let status = 202;
let bodies: { path: string; body: unknown }[] = [];
let answer: (body: { asks: { flag: string; targetingKey: string; variant: string }[] }) => unknown =
  () => ({});

beforeEach(async () => {
  status = 202;
  bodies = [];
  server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += String(chunk);
    const body = JSON.parse(text);
    bodies.push({ path: String(request.url), body });
    response.writeHead(status).end(JSON.stringify(status < 300 ? answer(body) : {}));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** Nothing is sent by time in these tests: only flush and close send. */
const never = 3_600_000;
const endpoint = () => ({ url, environment: 'production', token: () => 'token' });
const hookOf = (more: Partial<ExposureHookOptions> = {}) =>
  exposureHook({ ...endpoint(), collectMs: never, countMs: never, ...more });

function saw(
  hook: ReturnType<typeof hookOf>,
  targetingKey: string | undefined,
  more: Partial<EvaluationDetails<FlagValue>> = {},
): void {
  const context = { flagKey: 'checkout', context: targetingKey === undefined ? {} : { targetingKey } };
  const details = {
    flagKey: 'checkout',
    value: true,
    variant: 'on',
    reason: 'SPLIT',
    flagMetadata: {},
    ...more,
  };
  // The hook looks at nothing else of them.
  hook.after?.(context as HookContext, details);
}
const batches = () => bodies.map(({ body }) => ExposureBatch.parse(body));

it('reports a user and variant once, and every evaluation in a count', async () => {
  const hook = hookOf();
  for (const user of ['ann', 'ann', 'bob']) saw(hook, user);
  saw(hook, 'ann', { variant: 'off' });
  saw(hook, undefined);
  saw(hook, '');
  saw(hook, 'eve', { errorCode: ErrorCode.GENERAL });
  await hook.flush();
  saw(hook, 'ann');
  await hook.close();
  saw(hook, 'zoe');
  expect(bodies.map(({ path }) => path)).toEqual(Array(2).fill('/flags/environments/production/exposures'));
  const [first, second] = batches();
  expect(first?.events.map(({ targetingKey, variant }) => `${targetingKey} ${variant}`)).toEqual([
    'ann on',
    'bob on',
    'ann off',
  ]);
  const counts = first?.evaluations?.map(({ variant, count }) => [variant, count]);
  // An hour may end between two of them.
  expect(counts?.reduce((sum, [, count]) => sum + Number(count), 0)).toBe(6);
  expect(second?.events).toEqual([]);
  expect(second?.evaluations).toMatchObject([{ variant: 'on', count: 1 }]);
  expect(hook.stats()).toMatchObject({ reported: 3 });
});

it('sends again under the same id while the platform is away, and drops what is too much', async () => {
  const hook = hookOf({ mostWaiting: 3 });
  status = 503;
  for (const user of ['a', 'b', 'c', 'd', 'e']) saw(hook, user);
  await hook.flush();
  status = 202;
  await hook.close();
  const [failed, taken] = batches();
  expect(taken?.id).toBe(failed?.id);
  expect(taken?.events.map(({ targetingKey }) => targetingKey)).toEqual(['a', 'b', 'c']);
  expect(hook.stats().dropped).toBeGreaterThanOrEqual(2);
});

it('gives up what will never be taken, and never throws into an evaluation', async () => {
  const hook = hookOf();
  status = 400;
  saw(hook, 'a');
  await hook.flush();
  status = 202;
  saw(hook, 'b');
  await hook.close();
  expect(batches().map(({ events }) => events.map(({ targetingKey }) => targetingKey))).toEqual([
    ['a'],
    ['b'],
  ]);
  expect(() =>
    hook.after?.(undefined as unknown as HookContext, { variant: 'on' } as EvaluationDetails<FlagValue>),
  ).not.toThrow();
});

it('forgets what was seen longest ago, and nothing that is asked for', () => {
  const memory = new Remembered<number>(2);
  memory.set('a', 1);
  memory.set('b', 2);
  expect(memory.get('a')?.value).toBe(1);
  memory.set('c', 3);
  expect([memory.get('a')?.value, memory.get('b'), memory.get('c')?.value, memory.size]).toEqual([
    1,
    undefined,
    3,
    2,
  ]);
});

it('asks for many variants at once, remembers them, and takes the bucket while the platform is away', async () => {
  answer = ({ asks }) => ({
    assignments: asks.map((one) => ({
      ...one,
      variant: one.targetingKey === 'old' ? 'first' : one.variant,
      sticky: true,
    })),
  });
  status = 200;
  const failures: unknown[] = [];
  const port = platformAssignments({
    ...endpoint(),
    timeoutMs: 30_000,
    restMs: never,
    freshMs: 0,
    onFallback: (error) => failures.push(error),
  });
  const ask = (targetingKey: string, variant = 'second') =>
    port.assigned({ flag: 'checkout', targetingKey, variant });
  expect(await Promise.all([ask('old'), ask('old'), ask('new')])).toEqual(['first', 'first', 'second']);
  expect(port.stats()).toMatchObject({ asked: 1, remembered: 2, fallbacks: 0 });
  status = 503;
  expect(await Promise.all([ask('old'), ask('unknown', 'bucket')])).toEqual(['first', 'bucket']);
  // It rests: the next one does not wait for another failure.
  expect(await ask('another', 'bucket')).toBe('bucket');
  expect(port.stats()).toMatchObject({ asked: 2, fallbacks: 3 });
  expect(failures).toHaveLength(1);
});

it('asks again when what it remembers is old, and not before', async () => {
  answer = ({ asks }) => ({ assignments: asks.map((one) => ({ ...one, sticky: true })) });
  status = 200;
  const port = platformAssignments({ ...endpoint(), timeoutMs: 30_000, freshMs: never });
  for (let n = 0; n < 3; n += 1) await port.assigned({ flag: 'f', targetingKey: 'ann', variant: 'on' });
  expect(port.stats().asked).toBe(1);
  expect(clock.now()).toBeGreaterThan(0);
});

it('leaves users to their buckets whom no experiment could count, without a question that spoils the others’', async () => {
  answer = ({ asks }) => ({ assignments: asks.map((one) => ({ ...one, variant: 'first', sticky: true })) });
  status = 200;
  const port = platformAssignments({ ...endpoint(), timeoutMs: 30_000 });
  const ask = (targetingKey: string) => port.assigned({ flag: 'checkout', targetingKey, variant: 'bucket' });
  expect(await Promise.all([ask('x'.repeat(1_025)), ask('ann')])).toEqual(['bucket', 'first']);
  expect(bodies.map(({ body }) => body)).toEqual([
    { asks: [{ flag: 'checkout', targetingKey: 'ann', variant: 'bucket' }] },
  ]);
});

it('does not wait for a token that never comes', async () => {
  const time = virtualClock(1_800_000_000_000);
  const iso = () => new Date(time.now()).toISOString();
  const restore = setClock({ now: time.now, iso, monotonic: time.now, sleep: time.sleep });
  const port = platformAssignments({ ...endpoint(), token: () => new Promise(() => {}) });
  const asked = port.assigned({ flag: 'checkout', targetingKey: 'ann', variant: 'bucket' });
  await time.advance(1_000);
  expect(await asked).toBe('bucket');
  restore();
});

it('counts nothing more when it is closed, and leaves no timer', async () => {
  const time = virtualClock(1_800_000_000_000);
  const iso = () => new Date(time.now()).toISOString();
  const restore = setClock({ now: time.now, iso, monotonic: time.now, sleep: time.sleep });
  const hook = hookOf();
  await hook.close();
  saw(hook, 'ann');
  expect(time.pending).toBe(0);
  expect(hook.stats()).toEqual({ reported: 0, dropped: 0 });
  restore();
});
