import { it } from 'vitest';
import { startReceiver } from '../workflows/receiver.ts';
import { faulty, startFigures, wrongIn } from './figures.ts';
import { startMortal } from './platform.ts';
import { deathsIn, everyStateOf, survivedIn } from './states.ts';
import { act, begin, eventsOf, openFabric, reach, show } from './versions.ts';

// Each waits for a process to start most of the time: both at once take little longer than one.

/** Its numbers rise by one from the first. */
const gapless = (events: { sequence: number }[]) =>
  events.map(({ sequence }, at) => sequence - at - (events[0]?.sequence ?? 0)).filter((gap) => gap !== 0);

const quick = {
  analysis: null,
  health: { intervalSeconds: 0, inARow: 1, withinSeconds: 1, warmUpRequests: 1 },
};

it.concurrent('kill -9 in every state of a deployment: all traffic ends where it belongs, none goes astray, every figure counts once', async ({
  expect,
  onTestFinished,
}) => {
  const figures = await startFigures();
  onTestFinished(() => figures.stop());
  const platform = await startMortal(null);
  onTestFinished(() => platform.stop());
  const fabric = await openFabric(platform);
  onTestFinished(() => fabric.stop());
  await fabric.service('shop');
  // What the platform asks of its own gateway does not fail: here the functions themselves do, after their work.
  const failures = ['deployment failed ShiftBack', 'deployment failed CleanUpGreen'];
  const deaths = [...deathsIn('deployment'), ...failures];
  await platform.kill({ deaths });

  const judged = { ...quick, service: 'shop', analysis: figures.analysis };
  const asked = figures.hold();
  const good = await begin(platform, 'deployments', {
    ...judged,
    version: '2.0.0',
    strategy: { kind: 'canary', steps: [{ percent: 40, holdSeconds: 1 }] },
    bakeSeconds: 0,
    keepBlueSeconds: 3_600,
    approval: true,
  });
  await reach(platform, 'deployments', good, 'waiting_for_approval');
  await act(platform, 'deployments', good, 'approve');
  // In the middle of its first look, before it has figures.
  await asked;
  await platform.kill();
  await reach(platform, 'deployments', good, 'keeping_blue');
  expect(await wrongIn(platform, good, '1.0.0', '2.0.0')).toEqual([]);
  await fabric.got('shop', '2.0.0');
  expect(fabric.strays('shop', '1.0.0', '2.0.0')).toEqual([]);

  // Its coming ends the time for which the first one's old version is kept. It is judged worse.
  const bad = await begin(platform, 'deployments', {
    ...judged,
    version: faulty,
    strategy: { kind: 'canary', steps: [{ percent: 40, holdSeconds: 300 }] },
    bakeSeconds: 0,
  });
  await reach(platform, 'deployments', good, 'completed');
  await platform.die('deployment entered Completed');
  await reach(platform, 'deployments', bad, 'needs_attention');
  await platform.die('deployment entered Failed');
  expect((await show(platform, bad)).failure?.evidence.first).toMatch(/is worse/);
  expect(await wrongIn(platform, bad, '2.0.0', faulty)).toEqual([]);
  await act(platform, 'deployments', bad, 'rollback');
  await reach(platform, 'deployments', bad, 'rolled_back');
  await platform.die('deployment entered TakenBack');
  const { from, notes } = await show(platform, bad);
  expect({ from, notes }).toEqual({ from: '2.0.0', notes: [expect.stringMatching(/Runtime.ExitError$/)] });

  // Nobody wants the third.
  const unwanted = await begin(platform, 'deployments', {
    ...judged,
    version: '3.0.0',
    approval: true,
  });
  await reach(platform, 'deployments', unwanted, 'waiting_for_approval');
  await act(platform, 'deployments', unwanted, 'abort');
  await reach(platform, 'deployments', unwanted, 'cancelled');

  expect(platform.deaths().toSorted()).toEqual(deaths.toSorted());
  expect(survivedIn('deployment', platform)).toEqual(everyStateOf('deployment'));
  expect(await fabric.answers('shop', 20)).toEqual({ '2.0.0': 20 });
  const { heldBy, targets } = await fabric.route('shop');
  expect({ heldBy, targets }).toMatchObject({ heldBy: null, targets: [{ version: '2.0.0', percent: 100 }] });
  expect(fabric.strays('shop', '2.0.0', '3.0.0')).toEqual([]);

  for (const [id, wanted, looks] of [
    [good, [40, 100], ['step.passed', 'step.passed']],
    [bad, [40], ['analysis.failed']],
  ] as const) {
    const events = await eventsOf(platform, 'deployments', id);
    expect(gapless(events)).toEqual([]);
    for (const type of ['traffic.shifting', 'traffic.shifted'])
      expect(events.filter((one) => one.type === type).map(({ data }) => data.percent)).toEqual(wanted);
    const ends = events.map(({ type }) => type).filter((type) => /^(step\.passed|analysis)/.test(type));
    expect(ends).toEqual(looks);
  }
}, 300_000);

it.concurrent('kill -9 in every state of a release: it goes over whole and back whole', async ({
  expect,
  onTestFinished,
}) => {
  const receiver = await startReceiver();
  onTestFinished(() => receiver.stop());
  const platform = await startMortal(null);
  onTestFinished(() => platform.stop());
  const fabric = await openFabric(platform);
  onTestFinished(() => fabric.stop());
  await fabric.service('stock');
  await fabric.service('checkout', { stock: '>=1' });
  const deaths = [...deathsIn('release'), 'release failed TakeBackWave'];
  await platform.kill({ deaths });

  const member = (service: string, version: string) => ({
    ...quick,
    service,
    version,
    strategy: 'AllAtOnce',
    bakeSeconds: 0,
  });
  const release = (version: string, more: object) => ({
    services: [member('checkout', version), member('stock', version)],
    flags: {
      url: `${receiver.url}/flags`,
      changes: [
        { flag: 'read-only', from: 'off', to: version, when: 'before' },
        { flag: 'new-checkout', from: false, to: version, when: 'after' },
      ],
    },
    ...more,
  });
  const good = await begin(platform, 'releases', release('2.0.0', { approval: true, keepSeconds: 1 }));
  await reach(platform, 'releases', good, 'waiting_for_approval');
  await act(platform, 'releases', good, 'approve');
  await reach(platform, 'releases', good, 'completed');
  await platform.die('release entered Completed');
  const at = async (version: string) => {
    for (const service of ['stock', 'checkout']) {
      await platform.patiently(`${service} let go`, async () =>
        (await fabric.route(service)).heldBy === null ? true : undefined,
      );
      expect((await fabric.route(service)).targets).toMatchObject([{ version, percent: 100 }]);
      expect(await fabric.answers(service, 10)).toEqual({ [version]: 10 });
    }
  };
  await at('2.0.0');
  for (const service of ['stock', 'checkout']) expect(fabric.strays(service, '1.0.0', '2.0.0')).toEqual([]);

  const bad = await begin(platform, 'releases', release('3.0.0', { keepSeconds: 600 }));
  await reach(platform, 'releases', bad, 'keeping');
  for (const service of ['stock', 'checkout']) await fabric.got(service, '3.0.0');
  await act(platform, 'releases', bad, 'rollback');
  await reach(platform, 'releases', bad, 'needs_attention');
  await platform.die('release entered Failed');
  await act(platform, 'releases', bad, 'rollback');
  await reach(platform, 'releases', bad, 'rolled_back');
  await platform.die('release entered TakenBack');
  await at('2.0.0');
  for (const service of ['stock', 'checkout']) expect(fabric.strays(service, '2.0.0', '3.0.0')).toEqual([]);

  expect(platform.deaths().toSorted()).toEqual(deaths.toSorted());
  expect(survivedIn('release', platform)).toEqual(everyStateOf('release'));
  for (const id of [good, bad]) {
    const events = await eventsOf(platform, 'releases', id);
    expect(gapless(events)).toEqual([]);
    const waves = events.filter(({ type }) => type === 'release.wave_started');
    expect(waves.map(({ data }) => data.wave)).toEqual([0, 1]);
  }
  const flags = receiver.take('/flags').map(({ body }) => [body.data.flag, body.data.value]);
  const last = (flag: string) => flags.findLast(([name]) => name === flag)?.[1];
  expect([last('read-only'), last('new-checkout')]).toEqual(['off', false]);
}, 300_000);
