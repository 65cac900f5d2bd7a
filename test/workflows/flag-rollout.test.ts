import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FlagRollout, RolloutStatus } from '#flags/rollouts/schemas.ts';
import { flags } from '#local/capabilities/flags.ts';
import { shiftableClock } from '#local/clock.ts';
import { type Cloud, startCloud } from '#local/cloud.ts';
import { artifactsBucket } from '#platform/artifacts.ts';
import { s3 } from '#platform/clients.ts';
import { recordRights } from '../infrastructure/recorded-rights.ts';
import { stopAll } from './harness.ts';
import { sendTo } from './send.ts';

const clock = shiftableClock();
const rights = recordRights([{ ...flags, schedules: [] }]);
const told: string[] = [];
let cloud: Cloud;
let directory: string;

beforeAll(async () => {
  // One platform runs in a process at a time.
  await stopAll();
  directory = await mkdtemp(join(tmpdir(), 'theseus-rollouts-'));
  cloud = await startCloud({
    directory,
    capabilities: rights.capabilities,
    port: 0,
    survives: 'process',
    clock,
  });
  rights.started();
  cloud.events.listen({ source: ['theseus.flags'] }, (event) => {
    if (event['detail-type'].startsWith('rollout.')) told.push(event['detail-type']);
  });
  await said('PUT', '/flags/environments/production', {});
});
afterAll(async () => {
  await cloud.stop();
  await rm(directory, { recursive: true, force: true });
  rights.check();
});

const send = (method: string, path: string, body?: unknown) => sendTo(cloud, method, path, body);

/** Sends, and throws unless it is answered with success. */
async function said(method: string, path: string, body?: unknown) {
  const answer = await send(method, path, body);
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${JSON.stringify(answer.body)}`);
  return answer.body;
}

const within = '/flags/environments/production';
const show = (id: string): Promise<FlagRollout> => said('GET', `/flags/rollouts/${id}`);
const act = (id: string, action: string, more: object = {}) =>
  send('POST', `/flags/rollouts/${id}/${action}`, { why: 'asked for', ...more });
const formOf = async (flag: string) => (await said('GET', `${within}/flags/${flag}`)).form;

/** A flag that is off for everybody, and a rollout of it. */
async function begin(flag: string, rollout: object, more: object = {}): Promise<FlagRollout> {
  await said('PUT', `${within}/flags/${flag}`, { form: { type: 'boolean', on: false }, ...more });
  return said('POST', `${within}/flags/${flag}/rollouts`, { why: 'it is ready', ...rollout });
}

/** Looks until this holds, and moves no time. */
async function until(id: string, holds: (seen: FlagRollout) => boolean): Promise<FlagRollout> {
  for (let look = 0; look < 3_000; look += 1) {
    const seen = await show(id);
    if (holds(seen)) {
      await cloud.engine.idle();
      return seen;
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`${id} never came so far: ${JSON.stringify(await show(id))}`);
}
const ended = (id: string, status: RolloutStatus) => until(id, (seen) => seen.status === status);
/** All readers have the step, and its time runs. */
const held = (id: string, step: number) =>
  until(id, (seen) => seen.step === step && seen.holdsUntil !== null);
const later = (seconds: number) => clock.advance(seconds * 1_000);

/** So many users who see a variant, those with errors first. */
async function people(flag: string, variant: string, count: number, errors: number, name: string) {
  const at = new Date(clock.now()).toISOString();
  const keys = Array.from({ length: count }, (_, user) => `${name}-${variant}-${user}`);
  await said('POST', `${within}/exposures`, {
    id: `exposures-${flag}-${name}-${variant}`,
    events: keys.map((targetingKey) => ({ flag, variant, targetingKey, at })),
  });
  await said('POST', `${within}/tracks`, {
    id: `tracks-${flag}-${name}-${variant}`,
    events: keys.slice(0, errors).map((targetingKey) => ({ name: 'checkout-failed', targetingKey, at })),
  });
}

const twoSteps = {
  steps: [
    { percentage: 10, holdSeconds: 600 },
    { percentage: 100, holdSeconds: 60 },
  ],
};
const judged = { ...twoSteps, judge: { errors: ['checkout-failed'], minUsers: 100, waitSeconds: 600 } };

describe('a rollout', () => {
  it('gives a variant to ever more people, each step for its time', async () => {
    const { id, rest, versions } = await begin('calm', twoSteps);
    expect([rest, versions.before]).toEqual(['off', 1]);
    await held(id, 0);
    expect(await formOf('calm')).toMatchObject({ type: 'percentage', percentage: 10, variant: 'on' });
    const second = await send('POST', `${within}/flags/calm/rollouts`, { why: 'too', ...twoSteps });
    expect(second.body).toMatchObject({
      type: 'urn:theseus:problem:RolloutInProgress',
      evidence: { found: id },
    });
    await later(599);
    expect((await show(id)).step).toBe(0);
    await later(2);
    await held(id, 1);
    expect(await formOf('calm')).toMatchObject({ percentage: 100 });
    await later(61);
    const done = await ended(id, 'completed');
    expect([done.percentage, done.versions.newest, done.next]).toEqual([100, 3, []]);
    expect(await formOf('calm')).toMatchObject({ percentage: 100 });
    const { items } = await said('GET', `/flags/rollouts/${id}/events`);
    const types = items.map(({ type }: { type: string }) => type);
    expect(types).toEqual([
      'rollout.created',
      ...['rollout.step_set', 'rollout.published'],
      ...['rollout.step_set', 'rollout.published'],
      'rollout.completed',
    ]);
    expect(told).toEqual(expect.arrayContaining(types));
  });

  it('goes back to what was before when users of the new variant fare worse', async () => {
    const { id } = await begin('bad', judged, { form: { type: 'users', users: ['ada'] } });
    await held(id, 0);
    expect(await formOf('bad')).toMatchObject({ type: 'rules', otherwise: { percentage: 10 } });
    await people('bad', 'off', 300, 3, 'one');
    await people('bad', 'on', 120, 40, 'one');
    await later(61);
    const back = await ended(id, 'rolled_back');
    expect(back.judgement).toMatchObject({ verdict: 'fail', users: { baseline: 300, canary: 120 } });
    expect(back.reason).toContain('33.3 % of 120 users against 1 % of 300');
    expect(await formOf('bad')).toMatchObject({ type: 'users', users: ['ada'] });
  });

  it('goes on when they do not, and pauses when too few of them came', async () => {
    const { id } = await begin('good', judged);
    await held(id, 0);
    await people('good', 'off', 200, 4, 'one');
    await people('good', 'on', 150, 3, 'one');
    await later(601);
    await held(id, 1);
    // Users are counted anew in each step: nobody came in this one.
    for (let look = 0; look < 20 && (await show(id)).status === 'running'; look += 1) {
      await later(61);
      await cloud.engine.idle();
    }
    const paused = await ended(id, 'paused');
    expect(paused.reason).toContain('100 of each are needed');
    const stale = await act(id, 'promote', { step: 0 });
    expect(stale).toMatchObject({ status: 409, body: { evidence: { expected: 0, found: 1 } } });
    expect((await act(id, 'promote', { step: 1 })).status).toBe(200);
    await ended(id, 'completed');
  });

  it('is over when its flag is killed, or changed by somebody else, and leaves both as they are', async () => {
    const killed = await begin('killed', twoSteps);
    await held(killed.id, 0);
    await said('POST', `${within}/flags/killed/kill`, { why: 'it burns' });
    expect((await ended(killed.id, 'killed')).reason).toContain('it burns');
    expect(await formOf('killed')).toMatchObject({ percentage: 10 });

    const { id } = await begin('changed', twoSteps);
    await held(id, 0);
    await said('PUT', `${within}/flags/changed`, { form: { type: 'percentage', percentage: 3 } });
    expect((await ended(id, 'superseded')).reason).toMatch(/changed changed: version 3/);
    expect(await formOf('changed')).toMatchObject({ percentage: 3 });
    expect((await act(id, 'rollback')).status).toBe(409);
    const low = { why: 'less', steps: [{ percentage: 2, holdSeconds: 0 }] };
    const refused = await send('POST', `${within}/flags/changed/rollouts`, low);
    expect(refused).toMatchObject({
      status: 400,
      body: { errors: [{ detail: 'Expected more than 3, which get on now, found 2' }] },
    });
  });

  it('is paused, resumed, promoted and rolled back by people, each only once', async () => {
    const { id } = await begin('asked', twoSteps);
    await held(id, 0);
    expect((await act(id, 'pause')).body.status).toBe('paused');
    expect((await act(id, 'pause')).status).toBe(200);
    await later(1_000);
    expect((await show(id)).step).toBe(0);
    expect((await act(id, 'resume')).body).toMatchObject({ status: 'running', reason: null });
    await later(300);
    expect((await show(id)).step).toBe(0);
    await act(id, 'promote', { step: 0 });
    await held(id, 1);
    expect((await act(id, 'rollback')).body.status).toBe('rolling_back');
    await ended(id, 'rolled_back');
    expect((await act(id, 'rollback')).body.status).toBe('rolled_back');
    expect(await formOf('asked')).toEqual({ type: 'boolean', on: false });
    const again = await begin('asked', twoSteps);
    await act(again.id, 'rollback');
    await ended(again.id, 'rolled_back');
  });

  it('is refused where it cannot be: the field is named, and nothing is stored', async () => {
    const write = (flag: string, form: object, more: object = {}) =>
      said('PUT', `${within}/flags/${flag}`, { form, ...more });
    const half = { type: 'weights', weights: { on: 50, off: 50 } };
    await write('plain', { type: 'boolean', on: false });
    await write('shared', half);
    await write('raw', { type: 'definition', defaultVariant: 'off' });
    await write('idle', { type: 'boolean', on: false }, { enabled: false });
    await write('dead', { type: 'boolean', on: false });
    await said('POST', `${within}/flags/dead/kill`, { why: 'it burns' });
    const before = (await said('GET', '/flags/rollouts?limit=100')).items.length;
    const refused = async (flag: string, more: object, at = within) => {
      const body = { why: 'no', steps: [{ percentage: 10, holdSeconds: 60 }], ...more };
      const { status, body: problem } = await send('POST', `${at}/flags/${flag}/rollouts`, body);
      expect(JSON.stringify(problem)).not.toContain('.ts:');
      return [status, problem.type.split(':').at(-1), problem.errors?.[0]?.pointer];
    };
    const steps = (...percentages: unknown[]) => ({
      steps: percentages.map((percentage) => ({ percentage, holdSeconds: 60 })),
    });
    for (const [more, pointer] of [
      [steps(50, 10), '/body/steps/1/percentage'],
      [steps(50, 50), '/body/steps/1/percentage'],
      [steps(0), '/body/steps/0/percentage'],
      [steps(101), '/body/steps/0/percentage'],
      [steps(-1), '/body/steps/0/percentage'],
      [steps('10'), '/body/steps/0/percentage'],
      [steps(), '/body/steps'],
      [steps(...Array.from({ length: 21 }, (_, at) => at + 1)), '/body/steps'],
      [{ steps: [{ percentage: 10, holdSeconds: 31_536_000 }] }, '/body/steps/0/holdSeconds'],
      [{ to: 'purple' }, '/body/to'],
      [{ to: '__proto__' }, '/body/to'],
      [{ judge: {} }, '/body/judge/errors'],
      [{ judge: { errors: ['e', 'e'] } }, '/body/judge/errors'],
      [{ health: { urls: ['ftp://shop'] } }, '/body/health/urls/0'],
      [{ why: ' ' }, '/body/why'],
      [{ surprise: 1 }, '/body/surprise'],
    ] as const)
      expect([more, ...(await refused('plain', more))]).toEqual([more, 400, expect.anything(), pointer]);
    expect(await refused('nobody', {})).toEqual([404, 'NotFound', undefined]);
    expect(await refused('__proto__', {})).toEqual([400, 'InvalidInput', '/path/flag']);
    expect(await refused('plain', {}, '/flags/environments/moon')).toEqual([404, 'NotFound', undefined]);
    for (const flag of ['shared', 'raw', 'idle'])
      expect(await refused(flag, {})).toEqual([409, 'FlagNotSettable', undefined]);
    expect(await refused('dead', {})).toEqual([409, 'FlagKilled', undefined]);
    expect((await said('GET', '/flags/rollouts?limit=100')).items).toHaveLength(before);
    // The flag is free.
    const { id } = await said('POST', `${within}/flags/plain/rollouts`, { why: 'yes', ...twoSteps });
    await act(id, 'rollback');
    await ended(id, 'rolled_back');
  });
});

describe('what changes leave behind', () => {
  it('is deleted an hour later, and what is in force is not', async () => {
    const objects = async () => {
      const { Contents = [] } = await s3().send(
        new ListObjectsV2Command({ Bucket: artifactsBucket(), Prefix: 'flags/production/' }),
      );
      return Contents.length;
    };
    const before = await objects();
    expect(before).toBeGreaterThan(20);
    await later(3_601);
    await said('PUT', `${within}/flags/late`, { form: { type: 'boolean', on: true } });
    // The snapshot and the document of before, which somebody may be about to read, and those of now.
    expect(await objects()).toBe(4);
    expect(await formOf('late')).toEqual({ type: 'boolean', on: true });
    const { items } = await said('GET', `${within}/flags/asked/history`);
    expect(items.at(-1)).toMatchObject({ version: 1 });
  });
});
