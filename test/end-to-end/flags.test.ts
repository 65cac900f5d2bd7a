import {
  CreateHostedConfigurationVersionCommand,
  ListConfigurationProfilesCommand,
  ListEnvironmentsCommand,
  StartDeploymentCommand,
} from '@aws-sdk/client-appconfig';
import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { appConfig } from '#platform/appconfig-clients.ts';
import { callFunction } from '#platform/call.ts';
import { environmentVariable } from '#platform/environment.ts';
import { eventually, startPlatform, type TestPlatform } from './platform.ts';

let platform: TestPlatform;
const events: string[] = [];

beforeAll(async () => {
  platform = await startPlatform();
  platform.cloud.events.listen({ source: ['theseus.flags'] }, (event) => {
    events.push(event['detail-type']);
  });
});

const environment = '/flags/environments/production';
const flagPath = (key: string) => `${environment}/flags/${encodeURIComponent(key)}`;
const send = (method: string, path: string, body?: unknown) =>
  platform.request(method, path, body === undefined ? {} : { body });
const put = (key: string, flag: object) => send('PUT', flagPath(key), flag);
const evaluate = async (flag: string, context: object = {}) =>
  (await send('POST', `${environment}/evaluate`, { flag, context })).body;
const percentage = (value: number) => ({ form: { type: 'percentage', percentage: value } });
const on = { form: { type: 'boolean', on: true } };

/** Waits until readers have what is newest. */
const settled = () =>
  eventually(async () => {
    const { body } = await send('GET', environment);
    if (body.rolledBack !== null) throw new Error(body.rolledBack.why);
    const rests = (one: { revision: number; deployed: number | null }) =>
      one.revision === 0 || one.deployed === one.revision;
    return rests(body) && rests(body.killSwitches) ? body : undefined;
  }, 'flags are in force');

describe('flags of an environment', () => {
  it('are made, changed, killed, revived, rolled back and deleted, and readers get each of it', async () => {
    expect((await send('PUT', environment, { description: 'where the shop sells' })).status).toBe(201);
    expect(
      (await put('checkout', { ...percentage(0), owner: 'payments', version: 0, why: 'a start' })).status,
    ).toBe(201);
    expect(await evaluate('checkout', { targetingKey: 'ada' })).toMatchObject({
      value: false,
      variant: 'off',
    });

    const changed = await put('checkout', { ...percentage(100), version: 1, why: 'it works' });
    expect(changed).toMatchObject({
      status: 200,
      body: { version: 2, updatedBy: 'ada', why: 'it works', killed: null },
    });
    expect(await evaluate('checkout', { targetingKey: 'ada' })).toMatchObject({ value: true, revision: 2 });

    const conflict = await put('checkout', { ...percentage(5), version: 1 });
    expect(conflict).toMatchObject({
      status: 409,
      body: { type: 'urn:theseus:problem:FlagConflict', evidence: { expected: 1, found: 2 } },
    });
    expect((await settled()).deployed).toBe(2);

    const killed = await send('POST', `${flagPath('checkout')}/kill`, { why: 'it burns' });
    expect(killed).toMatchObject({ status: 200, body: { killed: { why: 'it burns', by: 'ada' } } });
    expect(await evaluate('checkout', { targetingKey: 'ada' })).toMatchObject({
      value: false,
      metadata: { killed: true, why: 'it burns' },
    });
    expect((await send('DELETE', flagPath('checkout'))).body.type).toBe('urn:theseus:problem:FlagKilled');
    expect(await settled()).toMatchObject({
      killed: ['checkout'],
      killSwitches: { revision: 1, deployed: 1 },
    });
    await send('POST', `${flagPath('checkout')}/revive`, { why: 'it is out' });
    expect(await evaluate('checkout', { targetingKey: 'ada' })).toMatchObject({ value: true });

    const back = await send('POST', `${flagPath('checkout')}/rollback`, { version: 1, why: 'rather not' });
    expect(back.body).toMatchObject({ version: 3, form: { percentage: 0 }, owner: 'payments' });
    const { items } = (await send('GET', `${flagPath('checkout')}/history`)).body;
    expect(items.map(({ version, action, why }: Record<string, unknown>) => [version, action, why])).toEqual([
      [3, 'rolled_back', 'rather not'],
      [2, 'changed', 'it works'],
      [1, 'created', 'a start'],
    ]);
    expect((await send('GET', `${flagPath('checkout')}/diff?from=1&to=2`)).body.differences).toEqual([
      { pointer: '/owner', before: 'payments', after: '' },
      { pointer: '/form/percentage', before: 0, after: 100 },
    ]);

    expect((await send('DELETE', `${flagPath('checkout')}?version=2`)).status).toBe(409);
    expect((await send('DELETE', `${flagPath('checkout')}?version=3&why=done`)).status).toBe(204);
    expect((await evaluate('checkout')).errorCode).toBe('FLAG_NOT_FOUND');
    const revived = await send('POST', `${flagPath('checkout')}/rollback`, { version: 2, why: 'needed' });
    expect(revived.body).toMatchObject({ version: 5, form: { percentage: 100 } });
    await settled();
    expect(events).toEqual(
      expect.arrayContaining([
        'flag.created',
        'flag.killed',
        'flag.revived',
        'flag.rolled_back',
        'flags.deployed',
      ]),
    );
  });

  it('need each other: what is needed is not deleted, and goes off with what it needs', async () => {
    await put('base', on);
    await put('above', { ...on, prerequisites: [{ flag: 'base', variant: 'on' }] });
    expect((await evaluate('above')).value).toBe(true);
    expect((await send('DELETE', flagPath('base'))).body).toMatchObject({
      type: 'urn:theseus:problem:FlagNeeded',
      evidence: { dependants: ['above'] },
    });
    await send('POST', `${flagPath('base')}/kill`, { why: 'it burns' });
    expect(await evaluate('above')).toMatchObject({ value: false, metadata: { because: 'base' } });
    // What needs it from now on is off, too.
    await put('late', { ...on, prerequisites: [{ flag: 'base', variant: 'on' }] });
    expect(await evaluate('late')).toMatchObject({ value: false, metadata: { because: 'base' } });
    await send('POST', `${flagPath('base')}/revive`, { why: 'it is out' });
    expect((await evaluate('late')).value).toBe(true);
    const { body } = await put('base', { ...on, prerequisites: [{ flag: 'late', variant: 'on' }] });
    expect(body.errors[0].detail).toContain('circle');
  });

  it('are set by other workflows, once for each id', async () => {
    await put('rollout', percentage(0));
    const set = (id: string, setting: object) =>
      callFunction({
        variable: 'FLAGS_SET_FLAG_FUNCTION',
        payload: { environment: 'production', flag: 'rollout', set: setting, why: 'step', by: 'release', id },
        answer: z.object({ version: z.int(), before: z.int() }),
        waitMs: 55_000,
      });
    expect(await set('one', { percentage: 25 })).toEqual({ version: 2, before: 1 });
    expect(await set('two', { variant: 'on' })).toEqual({ version: 3, before: 2 });
    expect(await set('one', { percentage: 25 })).toEqual({ version: 2, before: 1 });
    expect(await evaluate('rollout', {})).toMatchObject({ value: true });
    expect(await set('three', { version: 1 })).toEqual({ version: 4, before: 3 });
    await expect(set('four', { variant: 'maybe' })).rejects.toMatchObject({ name: 'FlagRefused' });
  });

  it('are seen and brought back where somebody deployed others at AppConfig', async () => {
    await settled();
    const ApplicationId = environmentVariable('FLAGS_APPLICATION');
    const named = <T extends { Name?: string | undefined; Id?: string | undefined }>(items: T[] = []) =>
      items.find(({ Name }) => Name === 'production-kill-switches')?.Id ?? '';
    const { Items: environments } = await appConfig().send(new ListEnvironmentsCommand({ ApplicationId }));
    const { Items: profiles } = await appConfig().send(
      new ListConfigurationProfilesCommand({ ApplicationId }),
    );
    const byHand = async () => {
      const profile = { ApplicationId, ConfigurationProfileId: named(profiles) };
      const rollout = { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off' };
      const { VersionNumber } = await appConfig().send(
        new CreateHostedConfigurationVersionCommand({
          ...profile,
          ContentType: 'application/json',
          Content: Buffer.from(JSON.stringify({ flags: { rollout } })),
        }),
      );
      await appConfig().send(
        new StartDeploymentCommand({
          ...profile,
          EnvironmentId: named(environments),
          ConfigurationVersion: String(VersionNumber),
          DeploymentStrategyId: environmentVariable('FLAGS_IMMEDIATE_STRATEGY'),
        }),
      );
    };
    const look = async () => (await send('POST', `${environment}/drift/check`)).body.items;
    expect(await look()).toEqual([]);
    await byHand();
    const [drift] = await eventually(async () => {
      const items = await look();
      return items[0]?.found?.complete ? items : undefined;
    }, 'the deployment that was made by hand');
    expect(drift).toMatchObject({
      document: 'production-kill-switches',
      remediate: false,
      differences: [{ flag: 'rollout', pointer: '', expected: null }],
    });
    expect((await send('GET', `${environment}/drift`)).body.items).toEqual([drift]);
    expect((await send('GET', environment)).body.drift).toEqual([
      { document: 'production-kill-switches', since: drift.since, differences: 1 },
    ]);
    await send('POST', `${environment}/redeploy`, { why: 'by hand' });
    await settled();
    await eventually(async () => ((await look()).length === 0 ? true : undefined), 'ours is in force');
    await send('PUT', environment, { description: 'where the shop sells', remediate: true });
    await byHand();
    await eventually(async () => ((await look()).length > 0 ? true : undefined), 'drift is seen');
    await eventually(
      async () => ((await settled()) && (await look()).length === 0 ? true : undefined),
      'ours is in force again by itself',
    );
    expect(events).toEqual(
      expect.arrayContaining(['flags.drifted', 'flags.redeployed', 'flags.drift_ended']),
    );
  });

  it('come and go as one document of flagd', async () => {
    const { body: exported } = await send('GET', `${environment}/export`);
    const { body: same } = await send('PUT', `${environment}/document`, { document: exported });
    expect(same).toMatchObject({ created: [], changed: [], deleted: [] });
    const added = { state: 'ENABLED', variants: { grün: 'g', blau: 'b' }, defaultVariant: 'grün' };
    const { base, late, above, ...flags } = exported.flags;
    const document = { ...exported, flags: { ...flags, 'Farbe/日本': added } };
    const imported = await send('PUT', `${environment}/document`, { document, why: 'moved' });
    expect(imported.body).toMatchObject({ created: ['Farbe/日本'], changed: [] });
    expect(imported.body.deleted.toSorted()).toEqual(['above', 'base', 'late']);
    expect((await evaluate('Farbe/日本')).value).toBe('g');
    expect((await send('GET', flagPath('rollout'))).body.form).toEqual({
      type: 'percentage',
      percentage: 0,
      variant: 'on',
    });
    const kept = await put('Farbe/日本', { ...(await shown('Farbe/日本')), why: 'as it is' });
    expect(kept.status).toBe(200);
  });
});

/** A flag as it would be sent again. */
async function shown(key: string) {
  const { body } = await send('GET', flagPath(key));
  const {
    key: _key,
    killed: _killed,
    createdAt: _at,
    createdBy: _by,
    updatedAt: _then,
    updatedBy: _who,
    ...flag
  } = body;
  return flag;
}

describe('bad input', () => {
  let before: unknown;
  beforeAll(async () => {
    before = (await send('GET', `${environment}/export`)).body;
  });

  const rules = (when: unknown) => ({
    form: {
      type: 'rules',
      rules: [{ name: 'r', when, serve: { variant: 'on' } }],
      otherwise: { variant: 'off' },
    },
  });
  const raw = (targeting: unknown) => ({ form: { type: 'definition', defaultVariant: 'off', targeting } });
  const nested = (levels: number) => `${'{"not":'.repeat(levels)}true${'}'.repeat(levels)}`;
  const text = (flag: object, hole: string, filling: string) =>
    JSON.stringify(flag).replace(`"${hole}"`, filling);

  it.each<[string, object | string, string]>([
    ['targeting that does not parse', raw({ if: [{ frobnicate: [1] }, 'on'] }), 'one of the operators'],
    [
      'percentages that do not add up',
      { form: { type: 'weights', weights: { on: 60, off: 30 } } },
      'add up to 100, found 90',
    ],
    ['a percentage above 100', percentage(130), 'from 0 to 100'],
    [
      'a variant that does not exist',
      { form: { type: 'percentage', percentage: 5, variant: 'maybe' } },
      'no variant maybe',
    ],
    ['a variant of a targeting that does not exist', raw({ if: [true, 'maybe'] }), 'maybe'],
    ['deeply nested rules', text(rules('HOLE'), 'HOLE', nested(50_000)), 'levels of objects and lists'],
    ['deeply nested targeting', text(raw('HOLE'), 'HOLE', nested(50_000)), 'levels of objects and lists'],
    [
      'very long rules',
      { form: { type: 'users', users: Array.from({ length: 30_000 }, (_, at) => `u${at}`) } },
      'parts',
    ],
    [
      'a prototype name as variant',
      '{"form":{"type":"boolean","on":true},"variants":{"__proto__":1,"on":true,"off":false}}',
      'name of every object',
    ],
    ['an unknown field', { ...on, colour: 'red' }, 'Unknown field'],
    [
      'a prerequisite that is not there',
      { ...on, prerequisites: [{ flag: 'nowhere', variant: 'on' }] },
      'no flag nowhere',
    ],
  ])('%s', async (_, flag, words) => {
    const sent = typeof flag === 'string' ? { text: flag } : { body: flag };
    const { status, body } = await platform.request('PUT', flagPath('bad'), sent);
    expect(status).toBe(400);
    expect(body.errors.length).toBeGreaterThan(0);
    expect(JSON.stringify(body)).toContain(words);
    expect(JSON.stringify(body)).not.toMatch(/ at .*\.ts/);
  });

  it.each(['__proto__', 'constructor', 'toString', '日本', 'a b', 'x'.repeat(129)])(
    'the key %s',
    async (key) => {
      const { status, body } = await put(key, on);
      expect(status).toBe(400);
      expect(body.errors.length).toBeGreaterThan(0);
    },
  );

  it('documents that flagd would not take, or that name what every object has', async () => {
    const document = (flags: string) =>
      platform.request('PUT', `${environment}/document`, { text: `{"document":{"flags":{${flags}}}}` });
    const flag = '{"state":"ENABLED","variants":{"on":true},"defaultVariant":"on"}';
    for (const flags of [
      `"__proto__":${flag}`,
      `"constructor":${flag}`,
      `"f":${flag.replace('ENABLED', 'MAYBE')}`,
      `"f":${flag.replace('"on"}', '"off"}')}`,
    ]) {
      const { status, body } = await document(flags);
      expect(status).toBe(400);
      expect(body.errors.length).toBeGreaterThan(0);
    }
    const deep = await platform.request('PUT', `${environment}/document`, {
      text: `{"document":{"flags":{"f":{"state":"ENABLED","variants":{"on":true},"targeting":${nested(100_000)}}}}}`,
    });
    expect(deep.status).toBe(400);
    const newer = await send('PUT', `${environment}/document`, { document: { flags: {} }, revision: 1 });
    expect(newer.body.type).toBe('urn:theseus:problem:FlagConflict');
  });

  it('a document over the limit of AppConfig', async () => {
    const large = (key: string) =>
      put(key, {
        variants: { on: { text: 'x'.repeat(280_000) }, off: {} },
        form: { type: 'boolean', on: true },
      });
    for (let at = 0; at < 7; at += 1) expect((await large(`large-${at}`)).status).toBe(201);
    expect(await large('large-7')).toMatchObject({
      status: 413,
      body: { type: 'urn:theseus:problem:DocumentTooLarge', evidence: { limit: 2_097_152 } },
    });
    expect(
      (
        await put('huge', {
          variants: { on: 'x'.repeat(300_000), off: '' },
          form: { type: 'boolean', on: true },
        })
      ).status,
    ).toBe(400);
    for (let at = 0; at < 7; at += 1) await send('DELETE', flagPath(`large-${at}`));
  });

  it('environments and rights', async () => {
    expect((await send('PUT', '/flags/environments/Bad Name', {})).status).toBe(400);
    expect((await send('PUT', '/flags/environments/a-kill-switches', {})).status).toBe(400);
    expect((await send('GET', '/flags/environments/nowhere')).status).toBe(404);
    expect((await send('PUT', '/flags/environments/nowhere/flags/f', on)).status).toBe(404);
    expect((await platform.request('PUT', flagPath('f'), { body: on, subject: 'vera' })).status).toBe(403);
  });

  it('changed nothing: the last good document is in force', async () => {
    expect((await send('GET', `${environment}/export`)).body).toEqual(before);
    await settled();
  });
});
