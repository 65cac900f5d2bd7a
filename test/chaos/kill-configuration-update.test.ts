import { createServer } from 'node:http';
import { it } from 'vitest';
import { z } from 'zod';
import { ConfigurationUpdate } from '#configuration/updates/schemas.ts';
import { type MortalPlatform, startMortal } from './platform.ts';
import { deathsIn, everyStateOf, survivedIn } from './states.ts';

const machine = 'configuration-update';
/** Keys of one update: either all have its values, or none. */
const names = ['limits.orders', 'limits.items'];
const hourMs = 3_600_000;

const Value = z.looseObject({ version: z.int(), value: z.json().optional() });

/** What each key holds, and as which version. */
async function standing(platform: MortalPlatform): Promise<{ values: unknown[]; versions: number[] }> {
  const found = [];
  for (const name of names) {
    const { status, body } = await platform.ask('GET', `/configuration/values/shop/${name}`);
    found.push(status === 200 ? Value.parse(body) : { version: 0, value: undefined });
  }
  return { values: found.map(({ value }) => value), versions: found.map(({ version }) => version) };
}

it('kill -9 in every state of an update: all of its values are in force, or all from before', async ({
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
  for (const name of names) {
    const body = { schema: { type: 'integer' } };
    const { status } = await platform.ask('PUT', `/configuration/keys/shop/${name}`, body);
    expect(status).toBeLessThan(300);
  }

  const list = async () => {
    const { body } = await platform.ask('GET', '/configuration/updates?limit=100');
    return z.object({ items: z.array(ConfigurationUpdate) }).parse(body).items;
  };
  /** Asks until it is stored: the answer may die with its platform. */
  const start = (why: string, value: number, more: object = {}): Promise<string> =>
    platform.patiently(why, async () => {
      const known = (await list()).find((one) => one.why === why);
      if (known !== undefined) return known.id;
      await platform.askOnce('POST', '/configuration/updates', {
        why,
        changes: names.map((key) => ({ key: { namespace: 'shop', key }, value })),
        health: { forSeconds: 20, urls },
        ...more,
      });
      return undefined;
    });
  const until = (id: string, what: string, holds: (seen: ConfigurationUpdate) => boolean) =>
    platform.patiently(what, async () => {
      const { body } = await platform.ask('GET', `/configuration/updates/${id}`);
      const seen = ConfigurationUpdate.parse(body);
      return holds(seen) ? seen : undefined;
    });
  const ended = (id: string) => until(id, 'its end', ({ endedAt }) => endedAt !== null);
  /** Time is over that was to be watched. */
  const later = (deaths: string[], shiftMs: number) => platform.kill({ deaths, shiftMs });

  // One that goes well, killed in all that it comes through.
  const forward = deathsIn(
    machine,
    (state) => !['RecordFailure', 'RollBack', 'Failed', 'Superseded'].includes(state),
  );
  await later(forward, 0);
  // Long enough that it is watched still, however long the starts of the platform take.
  const good = await start('good', 1, { approval: true, health: { forSeconds: 600, urls } });
  await until(good, 'a question', ({ status }) => status === 'waiting_for_approval');
  await platform.patiently('an approval', async () => {
    const answer = await platform.askOnce('POST', `/configuration/updates/${good}/approve`, {});
    return answer?.status === 200 || answer?.status === 409 || undefined;
  });
  await platform.die(`${machine} unrecorded Hold`);
  await later(forward, hourMs);
  expect((await ended(good)).status).toBe('completed');
  await platform.die(`${machine} entered Done`);
  const first = await standing(platform);
  expect(first).toEqual({ values: [1, 1], versions: [1, 1] });

  // One that does harm; its way back is killed, and fails once more than its state machine sees.
  const back = [...deathsIn(machine), `${machine} failed RollBack`];
  await later(back, hourMs);
  const bad = await start('bad', 2);
  await until(bad, 'its health', ({ phase }) => phase === 'health');
  health.status = 500;
  expect((await ended(bad)).status).toBe('rolled_back');
  health.status = 200;
  const second = await standing(platform);
  expect(second.values).toEqual([1, 1]);
  expect(second.versions.every((version, at) => version > (first.versions[at] ?? 0))).toBe(true);

  // One whose writer dies when it has written, and nobody knows whether it has.
  await later([`${machine} failed Apply`], hourMs);
  const lost = await start('lost', 3);
  const taken = await ended(lost);
  expect([taken.status, taken.failure?.name]).toEqual(['rolled_back', 'Runtime.ExitError']);
  const third = await standing(platform);
  expect(third.values).toEqual([1, 1]);
  expect(third.versions.every((version, at) => version > (second.versions[at] ?? 0))).toBe(true);

  // No key is taken any more: an update that is not to wait is done.
  const last = await start('last', 4, { whenBusy: 'refuse', health: { forSeconds: 0 } });
  expect((await ended(last)).status).toBe('completed');
  expect((await standing(platform)).values).toEqual([4, 4]);
  // Superseded is entered where two executions act for one update, which no death brings about.
  const others = everyStateOf(machine).filter((state) => state !== 'Superseded');
  expect(survivedIn(machine, platform)).toEqual(others);
}, 300_000);
