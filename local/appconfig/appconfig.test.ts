import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as sdk from '@aws-sdk/client-appconfig';
import {
  AppConfigDataClient,
  GetLatestConfigurationCommand,
  StartConfigurationSessionCommand,
} from '@aws-sdk/client-appconfigdata';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { attach } from '../attach.ts';
import { type VirtualClock, virtualClock } from '../clock.ts';
import type { LambdaAnswer } from '../lambda/runtime.ts';
import { type AppConfig, createAppConfig } from './appconfig.ts';

const second = 1_000;
const minute = 60 * second;

let directory = '';
let clock: VirtualClock;
let appConfig: AppConfig;
let client: sdk.AppConfigClient;
let data: AppConfigDataClient;
let invoked: { name: string; event: unknown }[] = [];
let published: { detailType: string; detail: unknown; resources?: string[] }[] = [];
let answer: LambdaAnswer = { payload: null, version: '1' };
let opened = 0;
let ids: Record<string, string> = {};
const application = () => ids.APPLICATION ?? '';

async function open(): Promise<void> {
  appConfig = createAppConfig({
    directory,
    clock,
    invoke: async (name, event) => {
      invoked.push({ name, event });
      return answer;
    },
    publish: async (event) => void published.push(event),
    onFailure: (error) => {
      throw error;
    },
    // Sessions are spread evenly.
    random: () => (opened++ % 20) / 20,
  });
  client = new sdk.AppConfigClient({ region: 'us-east-1' });
  data = new AppConfigDataClient({ region: 'us-east-1' });
  attach(client, 'AppConfig', appConfig.handlers);
  attach(data, 'AppConfigData', appConfig.dataHandlers);
  ids = await appConfig.declare({
    variable: 'APPLICATION',
    name: 'theseus',
    strategies: [
      {
        variable: 'AT_ONCE',
        name: 'at-once',
        minutes: 0,
        growthType: 'LINEAR',
        growthFactor: 100,
        bakeMinutes: 0,
      },
    ],
  });
  appConfig.start();
}

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'theseus-appconfig-'));
  clock = virtualClock(Date.UTC(2026, 0, 1));
  invoked = [];
  published = [];
  answer = { payload: null, version: '1' };
  await open();
});
afterEach(async () => {
  await appConfig.stop();
  rmSync(directory, { recursive: true, force: true });
});

async function environmentAndProfile(Validators: sdk.Validator[] = []) {
  const environment = await client.send(
    new sdk.CreateEnvironmentCommand({ ApplicationId: application(), Name: 'production' }),
  );
  const profile = await client.send(
    new sdk.CreateConfigurationProfileCommand({
      ApplicationId: application(),
      Name: 'production',
      LocationUri: 'hosted',
      Validators,
    }),
  );
  return { ApplicationId: application(), EnvironmentId: environment.Id, ConfigurationProfileId: profile.Id };
}
type Place = Awaited<ReturnType<typeof environmentAndProfile>>;

async function write({ ApplicationId, ConfigurationProfileId }: Place, content: string, more: object = {}) {
  const version = await client.send(
    new sdk.CreateHostedConfigurationVersionCommand({
      ApplicationId,
      ConfigurationProfileId,
      Content: new Uint8Array(Buffer.from(content)),
      ContentType: 'application/json',
      ...more,
    }),
  );
  return String(version.VersionNumber);
}

const start = (place: Place, ConfigurationVersion: string, DeploymentStrategyId = ids.AT_ONCE) =>
  client.send(new sdk.StartDeploymentCommand({ ...place, ConfigurationVersion, DeploymentStrategyId }));

async function deploy(place: Place, content: string, strategy?: string) {
  const started = await start(place, await write(place, content), strategy);
  await clock.advance(0);
  return started.DeploymentNumber ?? 0;
}

const stateOf = async ({ ApplicationId, EnvironmentId }: Place, DeploymentNumber: number) => {
  const found = await client.send(
    new sdk.GetDeploymentCommand({ ApplicationId, EnvironmentId, DeploymentNumber }),
  );
  return `${found.State} ${found.PercentageComplete}`;
};

async function session(place: Place, seconds?: number) {
  const { InitialConfigurationToken } = await data.send(
    new StartConfigurationSessionCommand({
      ApplicationIdentifier: place.ApplicationId,
      EnvironmentIdentifier: place.EnvironmentId,
      ConfigurationProfileIdentifier: 'production',
      RequiredMinimumPollIntervalInSeconds: seconds,
    }),
  );
  return InitialConfigurationToken;
}

async function poll(ConfigurationToken: string | undefined) {
  const got = await data.send(new GetLatestConfigurationCommand({ ConfigurationToken }));
  return {
    text: got.Configuration?.transformToString(),
    token: got.NextPollConfigurationToken,
    seconds: got.NextPollIntervalInSeconds,
  };
}

describe('deployments of AppConfig on the laptop', () => {
  it('are complete after a moment where the strategy says so, and EventBridge hears of it', async () => {
    const place = await environmentAndProfile();
    const number = await deploy(place, '{"a":1}');
    expect(await stateOf(place, number)).toBe('COMPLETE 100');
    await vi.waitFor(() => expect(published).toHaveLength(2));
    expect(published.map(({ detailType }) => detailType)).toEqual([
      'On Deployment Start',
      'On Deployment Complete',
    ]);
    expect(published[1]?.detail).toMatchObject({
      Type: 'OnDeploymentComplete',
      Application: { Id: application(), Name: 'theseus' },
      Environment: { Id: place.EnvironmentId, Name: 'production' },
      ConfigurationProfile: { Id: place.ConfigurationProfileId, Name: 'production' },
      DeploymentNumber: 1,
      ConfigurationVersion: '1',
    });
    expect(published[1]?.resources?.[0]).toContain(':extensionassociation/');
  });

  it('grow with the time of the strategy and bake; only one at a time is in an environment', async () => {
    const place = await environmentAndProfile();
    const number = await deploy(place, '1', 'AppConfig.Linear20PercentEvery6Minutes');
    expect(await stateOf(place, number)).toBe('DEPLOYING 20');
    await clock.advance(12 * minute);
    expect(await stateOf(place, number)).toBe('DEPLOYING 60');
    await expect(deploy(place, '2')).rejects.toMatchObject({ name: 'ConflictException' });
    await clock.advance(20 * minute);
    expect(await stateOf(place, number)).toBe('BAKING 100');
    await expect(deploy(place, '3')).rejects.toMatchObject({ name: 'ConflictException' });
    await clock.advance(28 * minute);
    expect(await stateOf(place, number)).toBe('COMPLETE 100');
    expect(await stateOf(place, await deploy(place, '4'))).toBe('COMPLETE 100');
    const { EventLog } = await client.send(
      new sdk.GetDeploymentCommand({
        ApplicationId: place.ApplicationId,
        EnvironmentId: place.EnvironmentId,
        DeploymentNumber: number,
      }),
    );
    expect(EventLog?.map(({ EventType }) => EventType)).toEqual([
      'DEPLOYMENT_COMPLETED',
      'BAKE_TIME_STARTED',
      ...Array.from({ length: 5 }, () => 'PERCENTAGE_UPDATED'),
      'DEPLOYMENT_STARTED',
    ]);
  });

  it('that are started together are one, and the others conflict', async () => {
    const place = await environmentAndProfile();
    const version = await write(place, '1');
    const outcomes = await Promise.allSettled([1, 2, 3].map(() => start(place, version)));
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected', 'rejected']);
    expect(outcomes.find((one) => one.status === 'rejected')).toMatchObject({
      reason: { name: 'ConflictException' },
    });
  });

  it('are rolled back when they are stopped, and reverted afterwards if that is allowed', async () => {
    const place = await environmentAndProfile();
    const { ApplicationId, EnvironmentId } = place;
    await deploy(place, '"old"');
    const number = await deploy(place, '"new"', 'AppConfig.Canary10Percent20Minutes');
    const stop = (DeploymentNumber: number, AllowRevert?: boolean) =>
      client.send(
        new sdk.StopDeploymentCommand({ ApplicationId, EnvironmentId, DeploymentNumber, AllowRevert }),
      );
    expect((await stop(number)).State).toBe('ROLLED_BACK');
    await clock.advance(60 * minute);
    expect(await stateOf(place, number)).toBe('ROLLED_BACK 0');
    expect((await poll(await session(place))).text).toBe('"old"');
    await vi.waitFor(() => expect(published.at(-1)?.detailType).toBe('On Deployment Rolled Back'));
    await expect(stop(number)).rejects.toMatchObject({ name: 'BadRequestException' });

    const third = await deploy(place, '"third"');
    await expect(stop(third)).rejects.toMatchObject({ name: 'BadRequestException' });
    expect((await stop(third, true)).State).toBe('REVERTED');
    expect((await poll(await session(place))).text).toBe('"old"');
  });

  it('go on after a restart where time has brought them', async () => {
    const place = await environmentAndProfile();
    const number = await deploy(place, '1', 'AppConfig.Linear20PercentEvery6Minutes');
    await appConfig.stop();
    await clock.advance(25 * minute);
    const former = ids;
    await open();
    expect(ids).toEqual(former);
    await clock.advance(0);
    expect(await stateOf(place, number)).toBe('DEPLOYING 100');
    await clock.advance(35 * minute);
    expect(await stateOf(place, number)).toBe('COMPLETE 100');
    await vi.waitFor(() => expect(published.at(-1)?.detailType).toBe('On Deployment Complete'));
    await appConfig.stop();
    await open();
    expect((await poll(await session(place))).text).toBe('1');
    expect(published).toHaveLength(2);
  });

  it('are where time has brought them after kill -9, too, and EventBridge hears what it was not told', async () => {
    const place = await environmentAndProfile();
    await deploy(place, '1', 'AppConfig.AllAtOnce');
    await vi.waitFor(() => expect(published).toHaveLength(1));
    const alive = appConfig;
    // What the process knew when it was killed, and what it left half written.
    const left = mkdtempSync(join(tmpdir(), 'theseus-appconfig-'));
    cpSync(directory, left, { recursive: true });
    await alive.stop();
    rmSync(directory, { recursive: true, force: true });
    directory = left;
    writeFileSync(join(left, 'appconfig/deployments/cut.json.1-1.unfinished'), '{"envir');
    const record = readdirSync(join(left, 'appconfig/deployments')).find((name) => name.endsWith('-1.json'));
    const file = join(left, 'appconfig/deployments', record ?? '');
    const untold = (...unsent: string[]) =>
      writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), unsent }));
    untold('Start');
    published = [];
    await clock.advance(11 * minute);
    await open();
    await clock.advance(0);
    expect(await stateOf(place, 1)).toBe('COMPLETE 100');
    await vi.waitFor(() =>
      expect(published.map(({ detailType }) => detailType)).toEqual([
        'On Deployment Start',
        'On Deployment Complete',
      ]),
    );
    expect((await poll(await session(place))).text).toBe('1');
    await appConfig.stop();
    untold('Complete');
    await open();
    await vi.waitFor(() => expect(published).toHaveLength(3));
  });

  it('take nothing that a validator refuses', async () => {
    const place = await environmentAndProfile([
      { Type: 'JSON_SCHEMA', Content: '{"type":"object","required":["flags"]}' },
      { Type: 'LAMBDA', Content: 'arn:aws:lambda:us-east-1:000000000000:function:flags-validate' },
    ]);
    await expect(deploy(place, '{"a":1}')).rejects.toMatchObject({
      name: 'BadRequestException',
      Reason: 'InvalidConfiguration',
      Details: {
        InvalidConfiguration: [{ Constraint: 'required', Reason: expect.stringContaining('flags') }],
      },
    });
    expect(invoked).toEqual([]);
    answer = { errorType: 'InvalidFlagDocument', errorMessage: 'flags/a has no variants' };
    await expect(deploy(place, '{"flags":{}}')).rejects.toThrow('flags/a has no variants');
    expect(invoked[0]).toEqual({
      name: 'arn:aws:lambda:us-east-1:000000000000:function:flags-validate',
      event: {
        applicationId: application(),
        configurationProfileId: place.ConfigurationProfileId,
        configurationVersion: '2',
        content: Buffer.from('{"flags":{}}').toString('base64'),
        uri: 'hosted',
      },
    });
    answer = { payload: null, version: '1' };
    expect(await deploy(place, '{"flags":{}}')).toBe(1);
  });
});

describe('sessions of AppConfigData', () => {
  it('get what is deployed once, then nothing until it changes, and not too often', async () => {
    const place = await environmentAndProfile();
    await expect(poll(await session(place))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      ResourceType: 'Deployment',
    });
    await deploy(place, '"one"');
    const first = await poll(await session(place, 15));
    expect(first).toMatchObject({ text: '"one"', seconds: 15 });
    await expect(poll(first.token)).rejects.toMatchObject({
      name: 'BadRequestException',
      message: 'Request too early',
      Details: { InvalidParameters: { ConfigurationToken: { Problem: 'PollIntervalNotSatisfied' } } },
    });
    await clock.advance(15 * second);
    const second_ = await poll(first.token);
    expect(second_.text).toBe('');
    await deploy(place, '"two"');
    await clock.advance(15 * second);
    expect((await poll(second_.token)).text).toBe('"two"');
  });

  it('use each token once and for a day', async () => {
    const place = await environmentAndProfile();
    await deploy(place, '1');
    const token = await session(place);
    const { token: next, seconds } = await poll(token);
    expect(seconds).toBe(60);
    const refused = (Problem: string) => ({
      Details: { InvalidParameters: { ConfigurationToken: { Problem } } },
    });
    await expect(poll(token)).rejects.toMatchObject(refused('Corrupted'));
    await clock.advance(24 * 60 * minute + 1);
    await expect(poll(next)).rejects.toMatchObject(refused('Expired'));
    for (const seconds of [14, 86_401, 15.5])
      await expect(session(place, seconds)).rejects.toMatchObject({ name: 'BadRequestException' });
  });

  it('get the new version by their own share while it grows, and keep it', async () => {
    const place = await environmentAndProfile();
    await deploy(place, '"old"');
    const sessions = await Promise.all(
      Array.from({ length: 40 }, async () => (await poll(await session(place, 15))).token),
    );
    await deploy(place, '"new"', 'AppConfig.Linear20PercentEvery6Minutes');
    let tokens = sessions;
    const has = new Set<number>();
    const shares: number[] = [];
    for (const wait of [1, 12, 12]) {
      await clock.advance(wait * minute);
      const got = await Promise.all(tokens.map(poll));
      for (const [at, { text }] of got.entries()) {
        expect(['', '"new"']).toContain(text);
        if (text !== '') {
          expect(has.has(at)).toBe(false);
          has.add(at);
        }
      }
      tokens = got.map(({ token }) => token);
      shares.push(has.size / sessions.length);
    }
    expect(shares).toEqual([0.2, 0.6, 1]);
  });
});

describe('resources of AppConfig', () => {
  it('are listed in pages and found after a restart', async () => {
    const place = await environmentAndProfile();
    for (const version of ['1', '2', '3']) expect(await write(place, version)).toBe(version);
    await appConfig.stop();
    await open();
    const { ApplicationId, ConfigurationProfileId } = place;
    const list = (NextToken?: string) =>
      client.send(
        new sdk.ListHostedConfigurationVersionsCommand({
          ApplicationId,
          ConfigurationProfileId,
          MaxResults: 2,
          NextToken,
        }),
      );
    const first = await list();
    const second_ = await list(first.NextToken);
    expect([first, second_].map(({ Items }) => Items?.map(({ VersionNumber }) => VersionNumber))).toEqual([
      [3, 2],
      [1],
    ]);
    expect(second_.NextToken).toBeUndefined();
    const got = await client.send(
      new sdk.GetHostedConfigurationVersionCommand({
        ApplicationId,
        ConfigurationProfileId,
        VersionNumber: 2,
      }),
    );
    expect(got.Content?.transformToString()).toBe('2');
  });

  it('count versions without a gap in what was seen: whoever saw another one last is refused', async () => {
    const place = await environmentAndProfile();
    await write(place, '1', { LatestVersionNumber: 0 });
    await expect(write(place, '2', { LatestVersionNumber: 0 })).rejects.toMatchObject({
      name: 'ConflictException',
    });
    const { ApplicationId, ConfigurationProfileId } = place;
    await client.send(
      new sdk.DeleteHostedConfigurationVersionCommand({
        ApplicationId,
        ConfigurationProfileId,
        VersionNumber: 1,
      }),
    );
    expect(await write(place, '2')).toBe('2');
  });

  it('have their limits: the size of a document, the number of environments', async () => {
    const place = await environmentAndProfile();
    await expect(write(place, 'x'.repeat(2_048 * 1_024 + 1))).rejects.toMatchObject({
      name: 'PayloadTooLargeException',
      Limit: 2_048,
    });
    expect(await write(place, 'x'.repeat(2_048 * 1_024))).toBe('1');
    const create = (at: number) =>
      client.send(new sdk.CreateEnvironmentCommand({ ApplicationId: application(), Name: `e${at}` }));
    for (let at = 1; at < 20; at += 1) await create(at);
    await expect(create(20)).rejects.toMatchObject({ name: 'ServiceQuotaExceededException' });
  });

  it('refuse what is not on a laptop, by name', async () => {
    const ApplicationId = application();
    await expect(
      client.send(
        new sdk.CreateEnvironmentCommand({
          ApplicationId,
          Name: 'watched',
          Monitors: [{ AlarmArn: 'arn:aws:cloudwatch:us-east-1:000000000000:alarm:errors' }],
        }),
      ),
    ).rejects.toThrow('Alarms are CloudWatch');
    await expect(client.send(new sdk.GetAccountSettingsCommand({}))).rejects.toThrow(
      'AppConfig.GetAccountSettings is not available on the laptop',
    );
    await expect(
      client.send(
        new sdk.CreateConfigurationProfileCommand({
          ApplicationId,
          Name: 'p',
          LocationUri: 'hosted',
          KmsKeyIdentifier: 'k',
        }),
      ),
    ).rejects.toThrow('does not know the field KmsKeyIdentifier');
    await expect(
      environmentAndProfile([{ Type: 'JSON_SCHEMA', Content: '{"properties":{"a":{"const":1}}}' }]),
    ).rejects.toThrow('/properties/a/const is not a keyword of draft 4');
    await expect(
      client.send(new sdk.GetEnvironmentCommand({ ApplicationId, EnvironmentId: 'none' })),
    ).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });
});
