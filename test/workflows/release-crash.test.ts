import { afterAll, beforeAll, expect, it } from 'vitest';
import { TokenRecord } from '#deployments/records.ts';
import { readRelease } from '#deployments/releases/release-store.ts';
import type { ReleaseStatus } from '#deployments/releases/schemas.ts';
import { keys, readAll } from '#deployments/store.ts';
import { type Lab, startLab } from './deployments-harness.ts';
import { type Receiver, startReceiver } from './receiver.ts';

let lab: Lab;
let receiver: Receiver;
beforeAll(async () => {
  lab = await startLab({ figures: new Map() });
  receiver = await startReceiver();
});
afterAll(async () => {
  await lab.stop();
  await receiver.stop();
});

const functions = [
  'begin-release',
  'flip-flags',
  'move-wave',
  'await-release',
  'finish-release',
  'fail-release',
  'end-release',
];

it('restarted in the middle of every function of its own, a release goes forth and back all the same', async () => {
  const cuts = new Set<string>();
  let restarting: Promise<void> | undefined;
  lab.hook.current = async ({ name, stage }) => {
    const cut = `${name} ${stage}`;
    const own = functions.some((one) => name === `deployments-${one}`);
    if (!own || cuts.has(cut) || restarting !== undefined) return;
    cuts.add(cut);
    // The engine stops while the invocation is under way: its answer reaches nobody.
    const stopped = lab.cloud.engine.stop();
    restarting = stopped
      .then(() => lab.restart())
      .finally(() => {
        restarting = undefined;
      });
    await stopped;
    throw new Error('cut off');
  };
  const one = await lab.service();
  const chain = [one, await lab.service({ [one]: '>=1' })];
  const answered = new Set<string>();

  /** One look; moves time for members that hold. Whoever looks while it restarts sees nothing. */
  async function look(id: string): Promise<ReleaseStatus | undefined> {
    while (restarting !== undefined) await restarting;
    try {
      const { status, members } = await readRelease(id);
      for (const { deployment } of members) {
        const tokens = await readAll(TokenRecord, keys.deployment(deployment).pk, 'TOKEN#');
        const holds = tokens.find(({ waitsFor, token }) => waitsFor === 'hold' && !answered.has(token));
        if (holds === undefined) continue;
        answered.add(holds.token);
        await lab.cloud.clock.advance(60_000);
      }
      return status;
    } catch {
      return undefined;
    }
  }
  async function reach(id: string, wanted: ReleaseStatus): Promise<void> {
    let status: ReleaseStatus | undefined;
    for (let looks = 0; looks < 6_000 && status !== wanted; looks += 1) {
      status = await look(id);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    while (restarting !== undefined) await restarting;
    expect(status, JSON.stringify([...cuts])).toBe(wanted);
  }
  async function act(id: string, verb: string): Promise<void> {
    for (let attempt = 0; attempt < 100; attempt += 1) {
      while (restarting !== undefined) await restarting;
      const answer = await lab.send('POST', `/releases/${id}/${verb}`, {}).catch(() => undefined);
      // Asked twice, the first one counts.
      if (answer?.status === 200 || answer?.status === 409) return;
    }
  }

  const services = chain.map((service) => ({
    service,
    version: '2.0.0',
    strategy: 'AllAtOnce',
    analysis: null,
    bakeSeconds: 0,
    health: { intervalSeconds: 0, inARow: 1, withinSeconds: 1, warmUpRequests: 0 },
  }));
  const changes = [
    { flag: 'first', from: 1, to: 2, when: 'before' },
    { flag: 'last', from: 1, to: 2, when: 'after' },
  ];
  const body = { services, keepSeconds: 600, flags: { url: `${receiver.url}/flags`, changes } };
  for (const [verb, wanted, version] of [
    ['rollback', 'rolled_back', '1.0.0'],
    ['finish', 'completed', '2.0.0'],
  ] as const) {
    const { id } = (await lab.send('POST', '/releases', body)).body;
    await reach(id, 'keeping');
    await act(id, verb);
    await reach(id, wanted);
    for (const service of chain) {
      const { targets } = (await lab.send('GET', `/gateway/routes/${service}`)).body;
      expect(targets.filter(({ percent }: { percent: number }) => percent > 0)).toMatchObject([{ version }]);
    }
    const flag = version === '2.0.0' ? 'new' : 'old';
    expect((await readRelease(id)).flags.map(({ state }) => state)).toEqual([flag, flag]);
  }
  // Every one of them was cut off, at its beginning or its end.
  const cut = new Set([...cuts].map((name) => name.split(' ')[0]));
  expect([...cut].sort()).toEqual(functions.map((name) => `deployments-${name}`).sort());
});
