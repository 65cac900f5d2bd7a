import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateAliasCommand,
  GetAliasCommand,
  type GetProvisionedConcurrencyConfigCommandOutput,
  ListVersionsByFunctionCommand,
  TooManyRequestsException,
  UpdateAliasCommand,
  type UpdateAliasCommandInput,
} from '@aws-sdk/client-lambda';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { attach, type CommandHandlers } from '#local/attach.ts';
import { virtualClock } from '#local/clock.ts';
import { attachLambda } from '#local/lambda/api.ts';
import { createLambda } from '#local/lambda/runtime.ts';
import { openUserFunctions } from '#local/lambda/user-functions.ts';
import { forgetClients, lambda } from '#platform/clients.ts';
import { lambdaAlias } from './lambda-alias.ts';

const { signal } = new AbortController();
const alias = { FunctionName: 'shop', Name: 'live' };
const target = { kind: 'lambda-alias', functionName: 'shop', alias: 'live', deleteOld: false } as const;
const subject = (more: object = {}) => ({
  deployment: 'dep_1',
  service: 'shop',
  version: '2.0.0',
  target: { ...target, ...more },
});
const percent = (share: number, order: number, more: object = {}) => ({
  percent: share,
  canaries: [],
  order,
  done: false,
  ...more,
});

let directory = '';
let former: Record<string, string | undefined> = {};
/** What AWS does besides: throws before or after the call of this name. */
let trouble: { call: string; when: 'before' | 'after'; run: () => unknown } | undefined;
/** The calls that came, without those that only read. */
let calls: string[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'theseus-alias-'));
  await mkdir(join(directory, 'mine', 'shop'), { recursive: true });
  await version(1, 'return { statusCode: 200 }');
  former = {
    AWS_REGION: process.env.AWS_REGION,
    AWS_ACCESS_KEY_ID: process.env.AWS_ACCESS_KEY_ID,
    AWS_SECRET_ACCESS_KEY: process.env.AWS_SECRET_ACCESS_KEY,
  };
  Object.assign(process.env, { AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 's' });
  forgetClients();
  trouble = undefined;
  calls = [];
  const further = await openUserFunctions({
    folder: join(directory, 'mine'),
    directory,
    reserved: {},
    random: () => 0.5,
  });
  const runtime = createLambda({ functions: {}, clock: virtualClock(0), further });
  attachLambda(
    lambda(),
    runtime,
    { roleOf: () => undefined, refusal: () => undefined },
    troubled(further.handlers),
  );
  await lambda().send(new CreateAliasCommand({ ...alias, FunctionVersion: '1', Description: 'Of the shop' }));
  calls = [];
});
afterEach(async () => {
  forgetClients();
  for (const [name, value] of Object.entries(former)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
  await rm(directory, { recursive: true, force: true });
});

function troubled(handlers: CommandHandlers): CommandHandlers {
  return Object.fromEntries(
    Object.entries(handlers).map(([name, handler]) => [
      name,
      async (input: never) => {
        if (!name.startsWith('Get')) calls.push(name);
        const due = trouble?.call === name ? trouble : undefined;
        if (due?.when === 'before') await due.run();
        const answer = await handler(input);
        if (due?.when === 'after') await due.run();
        return answer;
      },
    ]),
  );
}
const throttled = () => {
  trouble = undefined;
  throw new TooManyRequestsException({ message: 'Rate exceeded', $metadata: { httpStatusCode: 429 } });
};

const version = (number: number, body: string) =>
  writeFile(
    join(directory, 'mine', 'shop', `${number}.mjs`),
    `export async function handler(event) { ${body} }\n`,
  );
const byHand = (input: Partial<UpdateAliasCommandInput>) =>
  lambda().send(new UpdateAliasCommand({ ...alias, ...input }));
const stored = async () => {
  const { FunctionVersion, RoutingConfig, Description } = await lambda().send(new GetAliasCommand(alias));
  return { main: FunctionVersion, weights: RoutingConfig?.AdditionalVersionWeights ?? {}, Description };
};

async function begun(more: object = {}) {
  await version(2, 'return { statusCode: event.broken ? 500 : 200 }');
  const { made } = await lambdaAlias.createGreen(subject(more), signal);
  return made;
}

describe('a deployment over an alias', () => {
  it('publishes, shifts by weight, is read back, and lets the alias go', async () => {
    await version(2, 'return 2');
    const green = await lambdaAlias.createGreen(subject(), signal);
    expect(green).toEqual({ blue: '1', green: '2', made: { blue: '1', green: '2', published: true } });
    expect(await lambdaAlias.createGreen(subject(), signal)).toEqual(green);
    await lambdaAlias.shift(subject(), green.made, percent(7, 1));
    expect(await stored()).toEqual({
      main: '1',
      weights: { 2: 0.07 },
      Description: 'Of the shop [theseus dep_1 1]',
    });
    expect(await lambdaAlias.split(subject(), green.made)).toEqual({ percent: 7, canaries: [] });
    await lambdaAlias.shift(subject(), green.made, percent(100, 2));
    expect(await stored()).toMatchObject({ main: '2', weights: {} });
    await lambdaAlias.shift(subject(), green.made, percent(100, 3, { done: true }));
    expect(await stored()).toEqual({ main: '2', weights: {}, Description: 'Of the shop' });
    await lambdaAlias.shift(subject(), green.made, percent(0, 4, { done: true }));
    expect(await stored()).toEqual({ main: '1', weights: {}, Description: 'Of the shop' });
  });

  it('writes nothing when the alias is as it should be', async () => {
    const made = await begun();
    await lambdaAlias.shift(subject(), made, percent(10, 1));
    calls = [];
    await lambdaAlias.shift(subject(), made, percent(10, 1));
    expect(calls).toEqual([]);
  });

  it.each([
    ['no alias', { alias: 'absent' }, 'ResourceNotFoundException'],
    ['the version in use', { version: '1' }, 'points to version 1 already'],
    ['a version that is not there', { version: '9' }, 'ResourceNotFoundException'],
    ['nothing new to publish', {}, 'points to version 1 already'],
  ])('is refused with %s', async (_what, more, message) => {
    await expect(lambdaAlias.createGreen(subject(more), signal)).rejects.toMatchObject({
      name: 'TargetRefused',
      message: expect.stringContaining(message),
      action: expect.any(String),
    });
    expect((await stored()).main).toBe('1');
  });

  it('is refused where another split or deployment is under way', async () => {
    await version(2, 'return 2');
    await byHand({ RoutingConfig: { AdditionalVersionWeights: { 2: 0.5 } } });
    await expect(lambdaAlias.createGreen(subject(), signal)).rejects.toMatchObject({ name: 'TargetRefused' });
    await byHand({ RoutingConfig: {}, Description: '[theseus dep_other 3]' });
    await expect(lambdaAlias.createGreen(subject(), signal)).rejects.toMatchObject({
      name: 'AliasChanged',
      message: expect.stringContaining('dep_other'),
    });
  });
});

describe('an alias that somebody else changes', () => {
  it('is not shifted further, and says what was expected and found', async () => {
    const made = await begun();
    await lambdaAlias.shift(subject(), made, percent(10, 1));
    await version(3, 'return 3');
    await byHand({ FunctionVersion: '3' });
    await expect(lambdaAlias.shift(subject(), made, percent(50, 2))).rejects.toMatchObject({
      name: 'AliasChanged',
      evidence: { expected: ['1', '2'], found: 'version 3 and 10 % to version 2' },
    });
    await lambdaAlias.shift(subject(), made, percent(0, 3, { done: true }));
    expect(await stored()).toEqual({ main: '3', weights: { 1: 0.1 }, Description: 'Of the shop' });
  });

  it('keeps a change that comes between reading and writing', async () => {
    const made = await begun();
    trouble = {
      call: 'UpdateAlias',
      when: 'before',
      run: async () => {
        trouble = undefined;
        await byHand({ Description: 'Written meanwhile' });
      },
    };
    await lambdaAlias.shift(subject(), made, percent(10, 1));
    expect(await stored()).toEqual({
      main: '1',
      weights: { 2: 0.1 },
      Description: 'Written meanwhile [theseus dep_1 1]',
    });
  });

  it('is left to the later shift of the same deployment', async () => {
    const made = await begun();
    await lambdaAlias.shift(subject(), made, percent(0, 5));
    await expect(lambdaAlias.shift(subject(), made, percent(50, 4))).rejects.toMatchObject({
      name: 'AliasChanged',
    });
    expect((await stored()).weights).toEqual({});
  });
});

describe('throttling', () => {
  it.each(['before', 'after'] as const)(
    '%s the change leaves a whole state, and the next try the wanted one',
    async (when) => {
      const made = await begun();
      trouble = { call: 'UpdateAlias', when, run: throttled };
      await expect(lambdaAlias.shift(subject(), made, percent(30, 1))).rejects.toMatchObject({
        name: 'TargetUnavailable',
        retryable: true,
      });
      expect([0, 30]).toContain((await lambdaAlias.split(subject(), made)).percent);
      await lambdaAlias.shift(subject(), made, percent(30, 1));
      expect((await lambdaAlias.split(subject(), made)).percent).toBe(30);
    },
  );
});

describe('green before its traffic', () => {
  const testEvent = { path: '/health' };

  it('is invoked with the test event', async () => {
    const made = await begun({ testEvent });
    expect(await lambdaAlias.checkHealth(subject({ testEvent }), made, signal)).toEqual([
      { endpoint: 'shop:2', healthy: true, detail: expect.stringMatching(/^status 200 in \d+ ms$/) },
    ]);
    const broken = await lambdaAlias.checkHealth(subject({ testEvent: { broken: true } }), made, signal);
    expect(broken).toEqual([
      { endpoint: 'shop:2', healthy: false, detail: expect.stringContaining('status 500') },
    ]);
    await lambdaAlias.warmUp(subject({ testEvent }), made, 25, signal);
    expect(await lambdaAlias.checkHealth(subject(), made, signal)).toMatchObject([
      { healthy: true, detail: 'Active; no test event was given' },
    ]);
  });

  it('says what it threw', async () => {
    await version(2, "throw new RangeError('no room')");
    const { made } = await lambdaAlias.createGreen(subject(), signal);
    expect(await lambdaAlias.checkHealth(subject({ testEvent }), made, signal)).toEqual([
      { endpoint: 'shop:2', healthy: false, detail: 'RangeError: no room' },
    ]);
  });

  it('waits for its provisioned concurrency', async () => {
    const made = await begun();
    let Status: GetProvisionedConcurrencyConfigCommandOutput['Status'] = 'IN_PROGRESS';
    attach(lambda(), 'Lambda', {
      GetFunctionConfiguration: async () => ({ State: 'Active' }),
      GetProvisionedConcurrencyConfig: async () => ({
        Status,
        AvailableProvisionedConcurrentExecutions: 1,
        RequestedProvisionedConcurrentExecutions: 5,
      }),
    });
    expect(await lambdaAlias.checkHealth(subject(), made, signal)).toMatchObject([
      { healthy: false, detail: 'provisioned concurrency IN_PROGRESS, 1 of 5' },
    ]);
    Status = 'READY';
    expect(await lambdaAlias.checkHealth(subject(), made, signal)).toMatchObject([{ healthy: true }]);
  });
});

describe('what is left', () => {
  const versions = async () =>
    (await lambda().send(new ListVersionsByFunctionCommand({ FunctionName: 'shop' }))).Versions?.map(
      (one) => one.Version,
    );

  it('is both versions, unless the old one is to go', async () => {
    const made = await begun();
    await lambdaAlias.shift(subject(), made, percent(100, 1, { done: true }));
    await lambdaAlias.cleanUpBlue(subject(), made, signal);
    expect(await versions()).toEqual(['$LATEST', '1', '2']);
    const deleting = subject({ deleteOld: true });
    await lambdaAlias.cleanUpGreen(deleting, made, signal); // the alias uses it: it stays
    await lambdaAlias.cleanUpBlue(deleting, made, signal);
    await lambdaAlias.cleanUpBlue(deleting, made, signal);
    expect(await versions()).toEqual(['$LATEST', '2']);
  });
});
