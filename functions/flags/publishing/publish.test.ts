import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type AppConfigClient,
  CreateHostedConfigurationVersionCommand,
  DeleteEnvironmentCommand,
  ListDeploymentsCommand,
  ListEnvironmentsCommand,
  ListHostedConfigurationVersionsCommand,
  StartDeploymentCommand,
  StopDeploymentCommand,
} from '@aws-sdk/client-appconfig';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AppConfig, createAppConfig } from '#local/appconfig/appconfig.ts';
import { attach, type CommandHandlers } from '#local/attach.ts';
import { type VirtualClock, virtualClock } from '#local/clock.ts';
import type { LambdaAnswer } from '#local/lambda/runtime.ts';
import { appConfig as appConfigClient } from '#platform/appconfig-clients.ts';
import { forgetClients, onTargetClient } from '#platform/clients.ts';
import { setClock, systemClock } from '#platform/clock.ts';
import { compareDocuments } from '../drift/compare.ts';
import { detectDrift } from '../drift/detect.ts';
import { type Publication, unpublished } from '../records.ts';
import { flagStrategies } from '../strategies.ts';
import { isUnsettled, retried } from './progress.ts';
import { type Place, publish } from './publish.ts';

const minute = 60_000;
let directory = '';
let clock: VirtualClock;
let appConfig: AppConfig;
let validated: LambdaAnswer;
/** Called around every call of AppConfig; what it throws is what the caller gets. */
let drill: (command: string, when: 'before' | 'after') => void = () => {};
const undo: (() => void)[] = [];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'theseus-publish-'));
  clock = virtualClock(Date.UTC(2026, 0, 1));
  validated = { payload: null, version: '1' };
  drill = () => {};
  const now = () => clock.now();
  undo.push(setClock({ ...systemClock, now, iso: () => new Date(now()).toISOString() }));
  appConfig = createAppConfig({
    directory,
    clock,
    invoke: async () => validated,
    publish: async () => {},
    onFailure: (error) => {
      throw error;
    },
    random: () => 0.5,
  });
  const handlers: CommandHandlers = Object.fromEntries(
    Object.entries(appConfig.handlers).map(([command, handle]) => [
      command,
      async (input: never) => {
        drill(command, 'before');
        const answer = await handle(input);
        drill(command, 'after');
        return answer;
      },
    ]),
  );
  forgetClients();
  // Of AppConfig, since nothing else is called here.
  undo.push(onTargetClient((client) => void attach(client as AppConfigClient, 'AppConfig', handlers)));
  const ids = await appConfig.declare({
    variable: 'FLAGS_APPLICATION',
    name: 'theseus-flags',
    strategies: flagStrategies,
  });
  const variables = {
    ...ids,
    AWS_REGION: 'us-east-1',
    FLAGS_VALIDATOR_FUNCTION: 'arn:aws:lambda:us-east-1:000000000000:function:flags-validate-document',
  };
  for (const [name, value] of Object.entries(variables)) {
    const former = process.env[name];
    process.env[name] = value;
    undo.push(() => {
      if (former === undefined) delete process.env[name];
      else process.env[name] = former;
    });
  }
  appConfig.start();
});
afterEach(async () => {
  await appConfig.stop();
  for (const one of undo.splice(0).reverse()) one();
  forgetClients();
  rmSync(directory, { recursive: true, force: true });
});

/** A place whose record is here, and how to change its document. */
function placeOf(name: string, strategy = 'FLAGS_IMMEDIATE_STRATEGY') {
  let publication: Publication = { ...unpublished, revision: 1 };
  const told: string[] = [];
  let text = '{"flags":{}}';
  const place: Place = {
    name,
    newest: async () => ({
      revision: publication.revision,
      text,
      strategyId: process.env[strategy] ?? '',
      alarms: [],
    }),
    read: async () => publication,
    async change(decide) {
      const moved = decide(publication);
      if (moved !== undefined) {
        publication = { ...publication, ...moved.set };
        told.push(...(moved.events ?? []).map(({ type }) => type));
      }
      return publication;
    },
  };
  return {
    place,
    told,
    /** Another document, which is the newest from then on. */
    write(next: string) {
      text = next;
      publication = { ...publication, revision: publication.revision + 1 };
    },
    retry() {
      publication = retried(publication);
    },
    get now() {
      return publication;
    },
  };
}

const application = () => ({ ApplicationId: process.env.FLAGS_APPLICATION });
async function deployments({ now }: { now: Publication }) {
  const { Items = [] } = await appConfigClient().send(
    new ListDeploymentsCommand({ ...application(), EnvironmentId: now.resources?.environmentId ?? '' }),
  );
  return Items;
}

/** Runs it again and again, as the sweeper does, until nothing is left to do. */
async function untilSettled(one: ReturnType<typeof placeOf>): Promise<number> {
  let failures = 0;
  for (let run = 0; run < 10 && isUnsettled(one.now); run += 1) {
    await publish(one.place).catch(() => {
      failures += 1;
    });
    await clock.advance(2 * minute);
  }
  return failures;
}

describe('a document', () => {
  it('comes into force once, whatever call fails, before it was done or after', async () => {
    const commands = new Set<string>();
    drill = (command) => void commands.add(command);
    await untilSettled(placeOf('recorded'));
    expect([...commands]).toEqual([
      'ListEnvironments',
      'CreateEnvironment',
      'ListConfigurationProfiles',
      'CreateConfigurationProfile',
      'ListHostedConfigurationVersions',
      'CreateHostedConfigurationVersion',
      'ListDeployments',
      'StartDeployment',
      'GetDeployment',
    ]);
    for (const when of ['before', 'after'] as const) {
      for (const [at, command] of [...commands].entries()) {
        const one = placeOf(`cut-${when}-${at}`);
        let cut = false;
        drill = (found, then) => {
          if (cut || found !== command || then !== when) return;
          cut = true;
          throw new Error('The connection was lost');
        };
        expect(await untilSettled(one), `${when} ${command}`).toBe(1);
        drill = () => {};
        expect(one.now, `${when} ${command}`).toMatchObject({ deployed: { revision: 1 }, deploying: null });
        expect(await deployments(one)).toHaveLength(1);
        const versions = await appConfigClient().send(
          new ListHostedConfigurationVersionsCommand({
            ...application(),
            ConfigurationProfileId: one.now.resources?.profileId,
          }),
        );
        expect(versions.Items).toHaveLength(1);
      }
    }
    const { Items = [] } = await appConfigClient().send(
      new ListEnvironmentsCommand({ ...application(), MaxResults: 50 }),
    );
    expect(new Set(Items.map(({ Name }) => Name)).size).toBe(Items.length);
  });

  it('comes into force once, however many bring it on at the same time', async () => {
    const one = placeOf('production');
    await Promise.all(Array.from({ length: 6 }, () => publish(one.place)));
    await untilSettled(one);
    expect(one.now.deployed?.revision).toBe(1);
    expect(await deployments(one)).toHaveLength(1);
    expect(one.told).toEqual(['flags.deploying', 'flags.deployed']);
  });

  it('waits for the one that is being deployed, and all that changed meanwhile goes in one', async () => {
    const one = placeOf('production', 'FLAGS_LINEAR_STRATEGY');
    await publish(one.place);
    one.write('{"flags":{},"metadata":{"n":2}}');
    await publish(one.place);
    one.write('{"flags":{},"metadata":{"n":3}}');
    await clock.advance(5 * minute);
    expect(await publish(one.place)).toMatchObject({ revision: 3, deploying: { revision: 1 } });
    expect(one.now.deploying?.percentage).toBeGreaterThan(0);
    await clock.advance(11 * minute);
    expect(await publish(one.place)).toMatchObject({ deployed: { revision: 1 }, deploying: { revision: 3 } });
    await clock.advance(16 * minute);
    expect(await publish(one.place)).toMatchObject({ deployed: { revision: 3 }, deploying: null });
    expect(await deployments(one)).toHaveLength(2);
  });

  it('leaves twenty versions behind, and those of others', async () => {
    const one = placeOf('production');
    await untilSettled(one);
    const profile = { ...application(), ConfigurationProfileId: one.now.resources?.profileId ?? '' };
    const theirs = { ContentType: 'application/json', Content: Buffer.from('{}'), VersionLabel: 'by hand' };
    await appConfigClient().send(new CreateHostedConfigurationVersionCommand({ ...profile, ...theirs }));
    for (let at = 2; at <= 24; at += 1) {
      one.write(JSON.stringify({ flags: {}, metadata: { at } }));
      await untilSettled(one);
    }
    const { Items = [] } = await appConfigClient().send(new ListHostedConfigurationVersionsCommand(profile));
    expect(Items.map(({ VersionLabel = '' }) => VersionLabel.split('-').slice(0, 2).join('-'))).toEqual([
      ...Array.from({ length: 20 }, (_, at) => `revision-${24 - at}`),
      'by hand',
    ]);
  });

  it('of kill switches does not wait for the flags of its environment', async () => {
    const flags = placeOf('production', 'FLAGS_LINEAR_STRATEGY');
    const switches = placeOf('production-kill-switches');
    await publish(flags.place);
    await publish(switches.place);
    await clock.advance(1);
    expect((await publish(switches.place)).deployed?.revision).toBe(1);
    expect((await publish(flags.place)).deploying?.revision).toBe(1);
  });

  it('that was taken back says why, and is tried again only as another revision', async () => {
    const one = placeOf('production', 'FLAGS_LINEAR_STRATEGY');
    await publish(one.place);
    await clock.advance(3 * minute);
    await appConfigClient().send(
      new StopDeploymentCommand({
        ...application(),
        EnvironmentId: one.now.resources?.environmentId,
        DeploymentNumber: one.now.deploying?.deployment,
      }),
    );
    expect(await publish(one.place)).toMatchObject({
      deploying: null,
      deployed: null,
      refused: { revision: 1, why: expect.stringContaining('taken back') },
    });
    await publish(one.place);
    expect(await deployments(one)).toHaveLength(1);
    one.retry();
    await publish(one.place);
    await clock.advance(16 * minute);
    expect(await publish(one.place)).toMatchObject({ deployed: { revision: 2 } });
    expect(one.told).toEqual(['flags.deploying', 'flags.rolled_back', 'flags.deploying', 'flags.deployed']);
  });

  it('that AppConfig will not take says why', async () => {
    const one = placeOf('production');
    validated = {
      errorType: 'InvalidFlagDocument',
      errorMessage: 'The flags cannot be taken',
      payload: null,
      version: '1',
    };
    expect(await publish(one.place)).toMatchObject({
      deploying: null,
      refused: { revision: 1, why: expect.stringContaining('The flags cannot be taken') },
    });
    validated = { payload: null, version: '1' };
    one.write('{"flags":{},"metadata":{"n":2}}');
    await untilSettled(one);
    expect(one.now.deployed?.revision).toBe(2);
  });
});

describe('what somebody deploys by hand', () => {
  const flag = (variant: string) => ({
    state: 'ENABLED',
    variants: { on: true, off: false },
    defaultVariant: variant,
  });
  const ours = JSON.stringify({ flags: { a: flag('on'), b: flag('off') } });
  const theirs = JSON.stringify({ flags: { a: flag('off'), constructor: flag('on') } });

  async function deployByHand({ now }: { now: Publication }, text: string, strategy = 'IMMEDIATE') {
    const { environmentId: EnvironmentId = '', profileId: ConfigurationProfileId = '' } = now.resources ?? {};
    const { VersionNumber } = await appConfigClient().send(
      new CreateHostedConfigurationVersionCommand({
        ...application(),
        ConfigurationProfileId,
        ContentType: 'application/json',
        Content: Buffer.from(text),
      }),
    );
    return appConfigClient().send(
      new StartDeploymentCommand({
        ...application(),
        EnvironmentId,
        ConfigurationProfileId,
        ConfigurationVersion: String(VersionNumber),
        DeploymentStrategyId: process.env[`FLAGS_${strategy}_STRATEGY`],
      }),
    );
  }

  async function deployed(): Promise<ReturnType<typeof placeOf>> {
    const one = placeOf('production');
    one.write(ours);
    await untilSettled(one);
    one.told.splice(0);
    return one;
  }

  it('is told once, flag by flag, and is over when it is taken back', async () => {
    const one = await deployed();
    expect(await detectDrift(one.place, false)).toBe(false);
    const { DeploymentNumber } = await deployByHand(one, theirs);
    await clock.advance(1);
    expect(await detectDrift(one.place, false)).toBe(true);
    expect(one.now.drift).toEqual({
      since: new Date(clock.now()).toISOString(),
      found: { deployment: 2, version: 2, label: null, complete: true, at: expect.any(String) },
      problem: null,
      differences: [
        { flag: 'a', pointer: '/defaultVariant', expected: '"on"', found: '"off"' },
        { flag: 'b', pointer: '', expected: JSON.stringify(flag('off')), found: null },
        { flag: 'constructor', pointer: '', expected: null, found: JSON.stringify(flag('on')) },
      ],
    });
    await clock.advance(minute);
    expect(await detectDrift(one.place, false)).toBe(true);
    expect(one.told).toEqual(['flags.drifted']);
    await appConfigClient().send(
      new StopDeploymentCommand({
        ...application(),
        EnvironmentId: one.now.resources?.environmentId,
        DeploymentNumber,
        AllowRevert: true,
      }),
    );
    expect(await detectDrift(one.place, true)).toBe(false);
    expect(one.told).toEqual(['flags.drifted', 'flags.drift_ended']);
    expect(await deployments(one)).toHaveLength(2);
  });

  it('is deployed over by the queue where that is wanted, once in ten minutes', async () => {
    const one = await deployed();
    for (const tries of [1, 2]) {
      await deployByHand(one, theirs);
      await clock.advance(1);
      expect(await detectDrift(one.place, true)).toBe(true);
      expect(one.now).toMatchObject({ revision: tries + 2, deployed: { revision: tries + 1 } });
      // Nothing is looked at while a deployment of ours is on its way.
      const { drift } = one.now;
      expect(await detectDrift(one.place, true)).toBe(true);
      expect(one.now.drift).toBe(drift);
      await publish(one.place);
      if (tries === 1) {
        await clock.advance(1);
        await publish(one.place);
        expect(await detectDrift(one.place, true)).toBe(false);
        await deployByHand(one, theirs);
        await clock.advance(1);
        await detectDrift(one.place, true);
        expect(one.now.revision).toBe(3);
      }
      await clock.advance(11 * minute);
      await publish(one.place);
    }
    expect(await detectDrift(one.place, true)).toBe(false);
    expect(one.told.filter((type) => type === 'flags.redeployed')).toHaveLength(2);
  });

  it('is not cut short while it grows, and the same once more is nothing', async () => {
    const one = await deployed();
    await deployByHand(one, theirs, 'LINEAR');
    expect(await detectDrift(one.place, true)).toBe(true);
    expect(one.now).toMatchObject({ revision: 2, drift: { found: { complete: false } }, redeployedAt: null });
    await clock.advance(16 * minute);
    expect(await detectDrift(one.place, false)).toBe(true);
    await deployByHand(one, ours);
    await clock.advance(1);
    expect(await detectDrift(one.place, false)).toBe(false);
  });

  it('may be a text that is no document of flags, and the end of the environment', async () => {
    const one = await deployed();
    expect(compareDocuments(ours, 'flags: yes').problem).toBe('What is in force is no document of flags');
    for (const { DeploymentNumber } of await deployments(one)) {
      await appConfigClient().send(
        new StopDeploymentCommand({
          ...application(),
          EnvironmentId: one.now.resources?.environmentId,
          DeploymentNumber,
          AllowRevert: true,
        }),
      );
    }
    expect(await detectDrift(one.place, false)).toBe(true);
    expect(one.now.drift).toMatchObject({ found: null, problem: 'Nothing is in force' });
    await appConfigClient().send(
      new DeleteEnvironmentCommand({ ...application(), EnvironmentId: one.now.resources?.environmentId }),
    );
    expect(await detectDrift(one.place, true)).toBe(true);
    expect(one.now.drift?.problem).toContain('not at AppConfig any more');
    await untilSettled(one);
    expect(await detectDrift(one.place, true)).toBe(false);
    expect(one.now.deployed?.revision).toBe(3);
  });
});
