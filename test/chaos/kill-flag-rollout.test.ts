import { createServer } from 'node:http';
import { it } from 'vitest';
import { z } from 'zod';
import { FlagRollout } from '#flags/rollouts/schemas.ts';
import { startMortal } from './platform.ts';
import { deathsIn, everyStateOf, survivedIn } from './states.ts';

const machine = 'flag-rollout';
const within = '/flags/environments/production';
const hourMs = 3_600_000;
const Flag = z.looseObject({ version: z.int(), form: z.looseObject({}) });

it('kill -9 in every state of a rollout: each step is one version, and the way back leads to the one before', async ({
  expect,
  onTestFinished,
}) => {
  const health = { status: 200 };
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(health.status).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('The server has no port');
  const urls = [`http://127.0.0.1:${address.port}/`];
  const platform = await startMortal(null);
  onTestFinished(() => platform.stop());
  await platform.ask('PUT', within, {});
  await platform.ask('PUT', `${within}/flags/search`, { form: { type: 'boolean', on: false } });

  const flag = async () => Flag.parse((await platform.ask('GET', `${within}/flags/search`)).body);
  const list = async () => {
    const { body } = await platform.ask('GET', '/flags/rollouts?limit=100');
    return z.object({ items: z.array(FlagRollout) }).parse(body).items;
  };
  /** Asks until it is stored: the answer may die with its platform. */
  const start = (why: string, more: object): Promise<string> =>
    platform.patiently(why, async () => {
      const known = (await list()).find((one) => one.why === why);
      if (known !== undefined) return known.id;
      await platform.askOnce('POST', `${within}/flags/search/rollouts`, { why, lookSeconds: 1, ...more });
      return undefined;
    });
  const until = (id: string, what: string, holds: (seen: FlagRollout) => boolean) =>
    platform.patiently(what, async () => {
      const { body } = await platform.ask('GET', `/flags/rollouts/${id}`);
      const seen = FlagRollout.parse(body);
      return holds(seen) ? seen : undefined;
    });
  const act = (id: string, action: string) =>
    platform.patiently(action, async () => {
      const answer = await platform.askOnce('POST', `/flags/rollouts/${id}/${action}`, { why: action });
      return answer?.status === 200 || answer?.status === 409 || undefined;
    });
  const isHeld =
    (step: number) =>
    ({ step: at, holdsUntil }: FlagRollout): boolean =>
      at === step && holdsUntil !== null;

  // One that goes well, killed in all that it comes through; paused meanwhile.
  const back = ['TakeBack', 'RecordFailure', 'Failed', 'Superseded'];
  await platform.kill({ deaths: deathsIn(machine, (state) => !back.includes(state)) });
  const good = await start('good', {
    steps: [
      { percentage: 10, holdSeconds: 1_800 },
      { percentage: 50, holdSeconds: 0 },
    ],
  });
  await until(good, 'its first step', isHeld(0));
  await platform.die(`${machine} unrecorded Hold`);
  expect(await flag()).toMatchObject({ version: 2, form: { percentage: 10 } });
  await act(good, 'pause');
  await platform.die(`${machine} unrecorded AwaitPerson`);
  await act(good, 'promote');
  expect((await until(good, 'its end', ({ endedAt }) => endedAt !== null)).status).toBe('completed');
  await platform.die(`${machine} entered Done`);
  expect(await flag()).toMatchObject({ version: 3, form: { percentage: 50 } });

  // One that fails: what does harm is seen, its look dies over it, its way back is killed and fails once more.
  const bad = await start('bad', { health: { urls }, steps: [{ percentage: 90, holdSeconds: 3_600 }] });
  await until(bad, 'its only step', isHeld(0));
  const deaths = deathsIn(machine, (state) => back.includes(state) && state !== 'Superseded');
  await platform.kill({ deaths: [...deaths, `${machine} failed Look`, `${machine} failed TakeBack`] });
  health.status = 500;
  const taken = await until(bad, 'its way back', ({ endedAt }) => endedAt !== null);
  expect([taken.status, taken.percentage, taken.versions.before]).toEqual(['rolled_back', 0, 3]);
  await platform.die(`${machine} entered Failed`);
  expect(await flag()).toMatchObject({ version: 5, form: { percentage: 50 } });

  // Nobody has the flag any more; the last one waits for a deployment that takes its time.
  await platform.ask('PUT', within, { strategy: 'linear' });
  await platform.kill({ deaths: [`${machine} unrecorded AwaitPublished`] });
  const last = await start('last', { steps: [{ percentage: 100, holdSeconds: 0 }] });
  await platform.die(`${machine} unrecorded AwaitPublished`);
  expect((await until(last, 'what it waits for', () => true)).publishedAt).toBeNull();
  await platform.kill({ shiftMs: hourMs });
  expect((await until(last, 'its end', ({ endedAt }) => endedAt !== null)).status).toBe('completed');
  const evaluated = await platform.ask('POST', `${within}/evaluate`, {
    flag: 'search',
    context: { targetingKey: 'ada' },
  });
  expect(evaluated.body).toMatchObject({ value: true });
  expect((await list()).map(({ status }) => status)).toEqual(['completed', 'rolled_back', 'completed']);
  // Superseded is entered where two executions act for one rollout, which no death brings about.
  const others = everyStateOf(machine).filter((state) => state !== 'Superseded');
  expect(survivedIn(machine, platform)).toEqual(others);
}, 300_000);
