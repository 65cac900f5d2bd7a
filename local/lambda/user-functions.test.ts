import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateAliasCommand,
  DeleteFunctionCommand,
  GetAliasCommand,
  GetFunctionCommand,
  GetProvisionedConcurrencyConfigCommand,
  InvokeCommand,
  LambdaClient,
  ListVersionsByFunctionCommand,
  PublishVersionCommand,
  PutFunctionConcurrencyCommand,
  UpdateAliasCommand,
} from '@aws-sdk/client-lambda';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { virtualClock } from '../clock.ts';
import { attachLambda } from './api.ts';
import { createLambda } from './runtime.ts';
import { openUserFunctions } from './user-functions.ts';

let directory = '';
let folder = '';
const clients: LambdaClient[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'theseus-functions-'));
  folder = join(directory, 'mine');
  await mkdir(join(folder, 'hello'), { recursive: true });
  await version('1', "return { says: 'one', of: context.functionVersion }");
  await version('2', "return { says: 'two', of: context.functionVersion }");
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await rm(directory, { recursive: true, force: true });
});

const version = (number: string, body: string, name = 'hello') =>
  writeFile(
    join(folder, name, `${number}.mjs`),
    `export async function handler(event, context) { ${body} }\n`,
  );

/** A Lambda over the folder as a platform that starts has it. */
async function start({ chance = () => 0, role }: { chance?: () => number; role?: string } = {}) {
  const reserved = {
    'services-api': { load: async () => ({ handler: async () => 'own' }), timeoutSeconds: 3 },
  };
  const further = await openUserFunctions({ folder, directory, reserved, random: chance });
  const clock = virtualClock(Date.UTC(2026, 0, 1));
  const lambda = createLambda({ functions: reserved, clock, further, duplicate: 'sequentially' });
  const client = new LambdaClient({
    region: 'eu-west-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 's' },
  });
  clients.push(client);
  attachLambda(client, lambda, { roleOf: () => role, refusal: () => undefined }, further.handlers);
  return client;
}

const hello = { FunctionName: 'hello' };
const live = { ...hello, Name: 'live' };

async function invoke(client: LambdaClient, Qualifier?: string) {
  const answer = await client.send(new InvokeCommand({ ...hello, Qualifier }));
  return {
    executed: answer.ExecutedVersion,
    failed: answer.FunctionError !== undefined,
    payload: JSON.parse(answer.Payload?.transformToString() ?? ''),
  };
}

describe('users’ functions', () => {
  it('are invoked by version, the last one without', async () => {
    const client = await start();
    expect(await invoke(client, '1')).toMatchObject({ executed: '1', payload: { says: 'one', of: '1' } });
    expect(await invoke(client)).toMatchObject({
      executed: '$LATEST',
      payload: { says: 'two', of: '$LATEST' },
    });
    await expect(invoke(client, '7')).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });

  it('split an alias by the weight of its second version', async () => {
    let chance = 0;
    const client = await start({ chance: () => chance });
    await client.send(
      new CreateAliasCommand({
        ...live,
        FunctionVersion: '1',
        RoutingConfig: { AdditionalVersionWeights: { 2: 0.25 } },
      }),
    );
    const counts: Record<string, number> = {};
    for (chance = 0; chance < 1; chance += 1 / 16) {
      const { executed } = await invoke(client, 'live');
      counts[executed ?? ''] = (counts[executed ?? ''] ?? 0) + 1;
    }
    expect(counts).toEqual({ 1: 12, 2: 4 });
  });

  it('say which version failed, in Lambda’s own form', async () => {
    await version('3', "throw Object.assign(new Error('no room'), { name: 'Full' })");
    const client = await start();
    const { executed, failed, payload } = await invoke(client, '3');
    expect({ executed, failed }).toEqual({ executed: '3', failed: true });
    expect(payload).toEqual({ errorType: 'Full', errorMessage: 'no room', trace: expect.any(Array) });
  });

  it('have a version as soon as it has a file, which publishing answers', async () => {
    const client = await start();
    expect((await client.send(new PublishVersionCommand(hello))).Version).toBe('2');
    await version('10', 'return 10');
    expect(await client.send(new PublishVersionCommand(hello))).toMatchObject({
      Version: '10',
      State: 'Active',
    });
    const { Versions } = await client.send(new ListVersionsByFunctionCommand(hello));
    expect(Versions?.map((one) => one.Version)).toEqual(['$LATEST', '1', '2', '10']);
    const page = await client.send(new ListVersionsByFunctionCommand({ ...hello, MaxItems: 3 }));
    const rest = await client.send(new ListVersionsByFunctionCommand({ ...hello, Marker: page.NextMarker }));
    expect(rest.Versions?.map((one) => one.Version)).toEqual(['10']);
    await expect(
      client.send(new PublishVersionCommand({ ...hello, CodeSha256: 'other' })),
    ).rejects.toMatchObject({ name: 'InvalidParameterValueException' });
  });

  it('begin with the aliases of aliases.json, which what was made before outlives', async () => {
    const said = (given: object) => writeFile(join(folder, 'hello', 'aliases.json'), JSON.stringify(given));
    const versionOf = async (client: LambdaClient) =>
      (await client.send(new GetAliasCommand({ FunctionName: 'hello', Name: 'live' }))).FunctionVersion;
    await said({ live: '1' });
    expect(await versionOf(await start())).toBe('1');
    await said({ live: '2' });
    expect(await versionOf(await start())).toBe('1');
    await said({ live: 2 });
    await expect(start()).rejects.toThrow(/aliases\.json names no aliases; expected/);
    await said({ other: '7' });
    await expect(start()).rejects.toThrow(/hello:7/);
  });

  it('change an alias only from the revision that was seen', async () => {
    const client = await start();
    const made = await client.send(new CreateAliasCommand({ ...live, FunctionVersion: '1' }));
    const weighted = { RoutingConfig: { AdditionalVersionWeights: { 2: 0.1 } } };
    const changed = await client.send(
      new UpdateAliasCommand({ ...live, ...weighted, RevisionId: made.RevisionId }),
    );
    expect(changed).toMatchObject({ FunctionVersion: '1', ...weighted });
    await expect(
      client.send(new UpdateAliasCommand({ ...live, FunctionVersion: '2', RevisionId: made.RevisionId })),
    ).rejects.toMatchObject({ name: 'PreconditionFailedException' });
    // As on AWS, weights stay unless they are taken away.
    await client.send(new UpdateAliasCommand({ ...live, Description: 'kept' }));
    expect(await client.send(new GetAliasCommand(live))).toMatchObject({ Description: 'kept', ...weighted });
    await client.send(
      new UpdateAliasCommand({
        ...live,
        FunctionVersion: '2',
        RoutingConfig: { AdditionalVersionWeights: {} },
      }),
    );
    expect((await client.send(new GetAliasCommand(live))).RoutingConfig).toBeUndefined();
    await expect(
      client.send(new CreateAliasCommand({ ...live, FunctionVersion: '1' })),
    ).rejects.toMatchObject({ name: 'ResourceConflictException' });
  });

  it.each([
    ['a third version', '1', { 2: 0.1, 3: 0.1 }, 'InvalidParameterValueException'],
    ['its own version again', '1', { 1: 0.1 }, 'InvalidParameterValueException'],
    ['weights with $LATEST', '$LATEST', { 2: 0.1 }, 'InvalidParameterValueException'],
    ['a weight above 1', '1', { 2: 1.5 }, 'InvalidParameterValueException'],
    ['a version that is not there', '1', { 9: 0.1 }, 'ResourceNotFoundException'],
  ])('refuse an alias with %s', async (_what, FunctionVersion, AdditionalVersionWeights, name) => {
    const client = await start();
    const alias = { ...live, FunctionVersion, RoutingConfig: { AdditionalVersionWeights } };
    await expect(client.send(new CreateAliasCommand(alias))).rejects.toMatchObject({ name });
    await expect(client.send(new GetAliasCommand(live))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
  });

  it('keep aliases and deletions over a restart, and past what a crash left unfinished', async () => {
    const first = await start();
    await first.send(new CreateAliasCommand({ ...live, FunctionVersion: '2' }));
    const made = await first.send(new GetAliasCommand(live));
    await expect(first.send(new DeleteFunctionCommand({ ...hello, Qualifier: '2' }))).rejects.toMatchObject({
      name: 'ResourceConflictException',
    });
    await first.send(new DeleteFunctionCommand({ ...hello, Qualifier: '1' }));
    await writeFile(join(directory, 'lambda', 'hello.json.1-1.unfinished'), '{"na');
    const second = await start();
    const { $metadata: _one, ...kept } = await second.send(new GetAliasCommand(live));
    expect(made).toMatchObject(kept);
    await expect(invoke(second, '1')).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    expect(await invoke(second, 'live')).toMatchObject({ executed: '2' });
  });

  it('say what they have not: provisioned concurrency, other calls, the platform’s names', async () => {
    const client = await start();
    await expect(
      client.send(new GetProvisionedConcurrencyConfigCommand({ ...hello, Qualifier: '1' })),
    ).rejects.toMatchObject({ name: 'ProvisionedConcurrencyConfigNotFoundException' });
    await expect(
      client.send(new PutFunctionConcurrencyCommand({ ...hello, ReservedConcurrentExecutions: 1 })),
    ).rejects.toThrow('Lambda.PutFunctionConcurrency is not available on the laptop');
    await expect(client.send(new GetFunctionCommand({ FunctionName: 'services-api' }))).rejects.toMatchObject(
      { name: 'ResourceNotFoundException' },
    );
    const roled = await start({ role: 'arn:aws:iam::1:role/connector' });
    await expect(roled.send(new GetAliasCommand(live))).rejects.toMatchObject({
      name: 'AccessDeniedException',
    });
    await mkdir(join(folder, 'services-api'));
    await expect(start()).rejects.toThrow('has a function services-api, as the platform has');
  });

  it('are found wanting: no handler, two files of a version', async () => {
    await writeFile(join(folder, 'hello', '3.mjs'), 'export const greet = 1;\n');
    const client = await start();
    expect((await invoke(client, '3')).payload.errorMessage).toContain(
      '3.mjs exports no function named handler.',
    );
    await writeFile(join(folder, 'hello', '3.js'), '');
    await expect(invoke(client, '3')).rejects.toThrow('two files of version 3');
  });
});
