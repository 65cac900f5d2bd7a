import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DeploymentRecord } from '#deployments/records.ts';
import { type Figures, type Lab, startLab } from './deployments-harness.ts';
import { type Receiver, signaturesOf, startReceiver } from './receiver.ts';

const well: Figures = { requests: 400, errors: 1, ms: 40 };
const figures = new Map<string, Figures>();

let lab: Lab;
let receiver: Receiver;
beforeAll(async () => {
  lab = await startLab({ figures });
  receiver = await startReceiver();
});
afterAll(async () => {
  await lab.stop();
  await receiver.stop();
});
beforeEach(() => {
  figures.clear();
  figures.set('1.0.0', well);
  figures.set('2.0.0', { ...well, requests: 200 });
  figures.set('3.0.0', { requests: 200, errors: 20, ms: 40 });
});

const route = async (service: string) => (await lab.send('GET', `/gateway/routes/${service}`)).body;
const at =
  (step: number) =>
  ({ shiftedStep }: DeploymentRecord): boolean =>
    shiftedStep === step;
const events = async (id: string): Promise<string[]> =>
  (await lab.send('GET', `/deployments/${id}/events?limit=100`)).body.items.map(
    ({ type }: { type: string }) => type,
  );

describe('a good version', () => {
  it('gets all traffic step by step; the old one is kept for a while, then let go', async () => {
    const service = await lab.service();
    const { id } = await lab.deploy(service);
    const held = await lab.drive(id, at(0));
    expect(held.traffic).toEqual({ percent: 20, canaries: [] });
    expect(await route(service)).toMatchObject({ heldBy: id });
    const kept = await lab.reach(id, 'keeping_blue');
    expect(kept).toMatchObject({ from: '1.0.0', traffic: { percent: 100 } });
    expect(kept.judgement).toMatchObject({ verdict: 'pass' });
    expect(await lab.answers(service, 5)).toEqual({ '2.0.0': 5 });
    const done = await lab.reach(id, 'completed');
    expect(done).toMatchObject({ phase: null, next: [], failure: null });
    expect(await route(service)).toMatchObject({
      heldBy: null,
      targets: [{ version: '2.0.0', percent: 100 }],
    });
    expect(await events(id)).toEqual(
      expect.arrayContaining([
        'deployment.created',
        'health.passed',
        'traffic.shifted',
        'deployment.completed',
      ]),
    );
  });

  it('is back with the old one by one command as long as that is kept', async () => {
    const service = await lab.service();
    const { id } = await lab.deploy(service, { strategy: 'AllAtOnce' });
    await lab.reach(id, 'keeping_blue');
    await lab.act(id, 'rollback');
    const back = await lab.reach(id, 'rolled_back');
    expect(back.failure).toMatchObject({ name: 'DeploymentAborted' });
    expect(await lab.answers(service, 5)).toEqual({ '1.0.0': 5 });
    expect((await lab.send('POST', `/deployments/${id}/rollback`, {})).body).toMatchObject({
      status: 409,
      evidence: { status: 'rolled_back', possible: [] },
    });
  });
});

describe('a bad version', () => {
  it('loses its traffic at once, and the figures that condemned it are kept and can be judged again', async () => {
    const service = await lab.service();
    const { id } = await lab.deploy(service, { version: '3.0.0' });
    const back = await lab.reach(id, 'rolled_back');
    expect(back.failure).toMatchObject({ name: 'AnalysisFailed', evidence: { percent: 20 } });
    expect(back.failure?.message).toMatch(/error_rate/);
    expect(back.backAt).not.toBeNull();
    expect(await lab.answers(service, 5)).toEqual({ '1.0.0': 5 });
    const analysis = (await lab.send('GET', `/deployments/${id}/analysis`)).body;
    expect(analysis.samples.length).toBeGreaterThan(0);
    const { judge } = await import('#judge/judge.ts');
    expect(judge(analysis.samples, analysis.criteria, analysis.since)).toEqual(analysis.judgement);
  });

  it('that never gets well gets no traffic', async () => {
    const service = await lab.service();
    lab.ill.add('2.0.0');
    try {
      const { id } = await lab.deploy(service);
      const failed = await lab.reach(id, 'failed');
      expect(failed.failure).toMatchObject({ name: 'GreenUnhealthy', phase: 'health' });
      expect(failed.traffic).toBeNull();
      expect(await events(id)).not.toContain('traffic.shifting');
    } finally {
      lab.ill.delete('2.0.0');
    }
  });

  it('that nobody can judge is taken back, or goes on where that was asked for', async () => {
    figures.clear();
    const short = { intervalSeconds: 60, extendSeconds: 120 };
    const { id } = await lab.deploy(await lab.service(), { analysis: short });
    const back = await lab.reach(id, 'rolled_back');
    expect(back.failure).toMatchObject({ name: 'AnalysisInconclusive' });
    const going = await lab.deploy(await lab.service(), {
      analysis: { ...short, onInconclusive: 'continue' },
    });
    const kept = await lab.reach(going.id, 'keeping_blue');
    expect(kept.notes.join()).toContain('went on without a judgement');
  });
});

describe('gates', () => {
  it('say yes before the new version gets traffic, signed with the secret that is shown', async () => {
    const { secret } = (await lab.send('POST', '/deployments/gate-secret')).body;
    const gates = [
      { kind: 'webhook', name: 'change-board', url: `${receiver.url}/yes` },
      { kind: 'http', name: 'smoke', path: '/health', pointer: '/status', equals: 'well' },
    ];
    const { id } = await lab.deploy(await lab.service(), { gates });
    await lab.drive(id, at(0));
    const [asked] = receiver.take('/yes');
    expect(asked?.body).toMatchObject({
      type: 'deployment.gate',
      data: { deployment: id, version: '2.0.0' },
    });
    expect(asked === undefined ? [] : signaturesOf(asked, secret)).toEqual([true]);
  });

  it('that say no keep it from any', async () => {
    receiver.answer('/no', 403);
    const webhook = { kind: 'webhook', name: 'change-board', url: `${receiver.url}/no` };
    const test = { kind: 'http', name: 'smoke', path: '/health', pointer: '/status', equals: 'ready' };
    for (const gate of [webhook, test]) {
      const { id } = await lab.deploy(await lab.service(), { gates: [gate] });
      const failed = await lab.reach(id, 'failed');
      expect(failed.failure).toMatchObject({ name: 'GateRefused', evidence: { gate: gate.name } });
    }
  });
});

describe('a person', () => {
  it('pauses, resumes, promotes and skips to full', async () => {
    const steps = [10, 20, 30].map((percent) => ({ percent, holdSeconds: 120 }));
    const { id } = await lab.deploy(await lab.service(), { strategy: { kind: 'canary', steps } });
    await lab.drive(id, at(0));
    expect(await lab.act(id, 'pause')).toMatchObject({ status: 'paused' });
    const before = lab.cloud.clock.now();
    await lab.drive(id, () => lab.cloud.clock.now() > before + 600_000);
    expect(await lab.show(id)).toMatchObject({ status: 'paused', step: 0 });
    await lab.act(id, 'resume');
    await lab.drive(id, at(1));
    await lab.act(id, 'promote');
    await lab.until(id, at(2));
    await lab.act(id, 'skip-to-full');
    expect((await lab.until(id, at(3))).traffic).toEqual({ percent: 100, canaries: [] });
    await lab.act(id, 'abort');
    expect((await lab.reach(id, 'rolled_back')).failure?.name).toBe('DeploymentAborted');
  });

  it('approves where that is asked for, and may give it up before', async () => {
    const { id } = await lab.deploy(await lab.service(), { approval: true });
    await lab.reach(id, 'waiting_for_approval');
    await lab.act(id, 'approve');
    await lab.drive(id, at(0));
    const other = await lab.deploy(await lab.service(), { approval: true });
    await lab.reach(other.id, 'waiting_for_approval');
    await lab.act(other.id, 'abort');
    expect((await lab.reach(other.id, 'cancelled')).traffic).toBeNull();
  });
});

describe('tenants that come first', () => {
  it('get the new version before all others and keep it', async () => {
    const service = await lab.service();
    const first = { canaries: [{ header: { name: 'X-Beta', value: 'yes' } }], holdSeconds: 60 };
    const { id } = await lab.deploy(service, { first });
    await lab.drive(id, at(0));
    expect(await lab.answers(service, 3, { 'x-beta': 'yes' })).toEqual({ '2.0.0': 3 });
    expect(await lab.answers(service, 3)).toEqual({ '1.0.0': 3 });
    const next = await lab.drive(id, at(1));
    expect(next.traffic).toMatchObject({ percent: 20, canaries: first.canaries });
  });
});

describe('two deployments of a service', () => {
  it('come one after the other, in order, and the first lets go of its old version for the next', async () => {
    const service = await lab.service();
    const one = await lab.deploy(service);
    await lab.drive(one.id, at(0));
    const two = await lab.deploy(service, { version: '3.0.0', comment: 'next' });
    expect(two).toMatchObject({ status: 'queued', queuedBehind: [one.id] });
    const refused = await lab.send('POST', '/deployments', {
      service,
      version: '3.0.0',
      whenBusy: 'refuse',
    });
    expect(refused.body).toMatchObject({ status: 409, type: 'urn:theseus:problem:SlotTaken' });
    await lab.act(one.id, 'skip-to-full');
    await lab.reach(one.id, 'keeping_blue');
    // By the schedule, or when the next one asks again.
    await lab.cloud.lambda.invoke('deployments-reconcile', {});
    await lab.reach(one.id, 'completed');
    const begun = await lab.until(two.id, at(0));
    expect(begun.green).toMatchObject({ blue: '2.0.0' });
    const all = await lab.send('GET', `/deployments?service=${service}`);
    expect(all.body.items.map(({ id }: { id: string }) => id)).toEqual([two.id, one.id]);
  });
});

describe('what cannot be', () => {
  const cases: [string, object, string][] = [
    ['a version nobody registered', { version: '9.9.9' }, 'VersionNotRegistered'],
    ['the version that has the traffic', { version: '1.0.0' }, 'Conflict'],
    ['an unknown strategy', { strategy: 'Sometimes' }, 'InvalidInput'],
    [
      'percentages that do not rise',
      { strategy: { kind: 'canary', steps: [30, 20].map((percent) => ({ percent, holdSeconds: 1 })) } },
      'InvalidInput',
    ],
    [
      'more than all',
      { strategy: { kind: 'canary', steps: [{ percent: 120, holdSeconds: 1 }] } },
      'InvalidInput',
    ],
    [
      'a gate inside a private network',
      { gates: [{ kind: 'webhook', name: 'board', url: 'https://10.0.0.1/' }] },
      'DestinationRefused',
    ],
    [
      'tenants where the target knows none',
      {
        target: { kind: 'lambda-alias', functionName: 'f', alias: 'live' },
        analysis: null,
        first: { canaries: [{ tenants: ['a'] }] },
      },
      'InvalidInput',
    ],
    ['a field nobody knows', { speed: 'high' }, 'InvalidInput'],
  ];
  it.each(cases)('%s is refused, and nothing is stored', async (_, more, name) => {
    const service = await lab.service();
    const refused = await lab.send('POST', '/deployments', { service, version: '2.0.0', ...more });
    expect(refused.body).toMatchObject({ type: `urn:theseus:problem:${name}` });
    expect((await lab.send('GET', `/deployments?service=${service}`)).body.items).toEqual([]);
  });

  it('a dry run says what would be done, and stores nothing', async () => {
    const service = await lab.service();
    const body = { service, version: '2.0.0', strategy: 'Linear10PercentEvery1Minute', bakeSeconds: 60 };
    const plan = await lab.send('POST', '/deployments?dryRun=true', body);
    expect(plan).toMatchObject({ status: 200, body: { from: '1.0.0', seconds: 600, compatible: true } });
    expect(plan.body.steps).toHaveLength(10);
    expect((await lab.send('GET', `/deployments?service=${service}`)).body.items).toEqual([]);
  });
});
