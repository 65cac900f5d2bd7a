import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ListClustersCommand } from '@aws-sdk/client-ecs';
import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { dynamodb } from '#platform/clients.ts';
import { ecs } from '#platform/target-clients.ts';
import { type Cloud, type CloudOptions, startCloud } from './cloud.ts';
import { shipyard } from './fixtures/shipyard.ts';

const day = 86_400_000;
let directory = '';
let cloud: Cloud | undefined;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'theseus-cloud-'));
});
afterEach(async () => {
  await cloud?.stop();
  cloud = undefined;
  await rm(directory, { recursive: true, force: true });
});

async function start(options: Partial<CloudOptions> = {}): Promise<Cloud> {
  cloud = await startCloud({ directory, capabilities: [shipyard], port: 0, survives: 'process', ...options });
  return cloud;
}

async function call(at: { url: string; token: string }, method: string, path: string, body?: object) {
  const response = await fetch(at.url + path, {
    method,
    headers: { authorization: `Bearer ${at.token}`, 'content-type': 'application/json' },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  return { status: response.status, json: z.record(z.string(), z.unknown()).parse(await response.json()) };
}

const stageOf = async (at: { url: string; token: string }, ship: string) =>
  (await call(at, 'GET', `/ships/${ship}`)).json.stage;
const until = (check: () => Promise<void> | void) => vi.waitFor(check, { interval: 10, timeout: 30_000 });
const logged = async (what: string) =>
  (await dynamodb().send(new GetCommand({ TableName: 'ships', Key: { pk: 'log', sk: what } }))).Item !==
  undefined;

describe('the cloud of a laptop', () => {
  it('refuses calls to services that it has not, by their names', async () => {
    await start();
    await expect(ecs().send(new ListClustersCommand({}))).rejects.toThrow(
      'ECS.ListClusters is not available on the laptop',
    );
  });

  it('runs a capability from its HTTP API through a workflow to an event, and moves time', async () => {
    const here = await start();
    expect((await call(here, 'POST', '/ships', { shipId: 'argo' })).status).toBe(202);
    await until(async () => expect(await stageOf(here, 'argo')).toBe('built'));
    await here.clock.advance(day);
    await until(async () => expect(await stageOf(here, 'argo')).toBe('launched'));
    const shown = await call(here, 'GET', '/ships/argo');
    expect(Date.parse(String(shown.json.at))).toBeGreaterThan(Date.now() + day - 60_000);
    await until(async () => expect(await logged('SUCCEEDED')).toBe(true));
    await until(async () => expect(await logged('schedule')).toBe(true));
    expect((await call(here, 'POST', '/ships', { shipId: 1 })).json).toMatchObject({
      errors: [{ pointer: '/body/shipId' }],
    });
  });

  it('retries a named error as the state machine says', async () => {
    const here = await start();
    await call(here, 'POST', '/ships', { shipId: 'late' });
    await until(async () => {
      await here.clock.advance(1_000);
      expect(await stageOf(here, 'late')).toBe('built');
    });
  });

  it('keeps everything over a restart and goes on', async () => {
    const first = await start();
    await call(first, 'POST', '/ships', { shipId: 'argo' });
    await until(async () => expect(await stageOf(first, 'argo')).toBe('built'));
    await first.stop();
    const second = await start();
    expect(second.token).toBe(first.token);
    // What did not change is not published again.
    expect(second.engine.catalogue.versions('launch')).toMatchObject([{ version: 1 }]);
    expect(await stageOf(second, 'argo')).toBe('built');
    await second.clock.advance(day);
    await until(async () => expect(await stageOf(second, 'argo')).toBe('launched'));
  });

  it('loses nothing to kill -9: the next start finishes what ran', async () => {
    const child = spawn(
      process.execPath,
      [join(import.meta.dirname, 'fixtures/run-shipyard.ts'), directory],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    const [line] = await once(child.stdout, 'data');
    const there = z.object({ url: z.string(), token: z.string() }).parse(JSON.parse(String(line)));
    await expect(start()).rejects.toThrow(
      `Process ${child.pid} runs a platform over ${directory} and answers at ${there.url}`,
    );
    await call(there, 'POST', '/ships', { shipId: 'argo' });
    child.kill('SIGKILL');
    await once(child, 'exit');

    const here = await start();
    await until(async () => expect(await stageOf(here, 'argo')).toBe('built'));
    await here.clock.advance(day);
    await until(async () => expect(await stageOf(here, 'argo')).toBe('launched'));
  });

  it('leaves the process as it was: environment, clock, lock and port', async () => {
    process.env.AWS_PROFILE = 'of-the-person-at-the-keyboard';
    const before = { ...process.env };
    const here = await start();
    await call(here, 'POST', '/ships', { shipId: 'argo' });
    await until(async () => expect(await stageOf(here, 'argo')).toBe('built'));
    await expect(startCloud({ directory, capabilities: [], port: 0 })).rejects.toThrow(
      'already runs in this process',
    );
    await here.stop();
    expect({ ...process.env }).toEqual(before);
    delete process.env.AWS_PROFILE;
    await expect(fetch(here.url)).rejects.toThrow();
    const port = Number(new URL(here.url).port);
    expect((await start({ port })).url).toBe(here.url);
  });

  it('refuses a state machine that names what is not there, and lets go of the directory', async () => {
    const broken = {
      ...shipyard,
      functions: {
        api:
          shipyard.functions.api ??
          (() => {
            throw new Error('no api');
          })(),
      },
    };
    await expect(start({ capabilities: [broken] })).rejects.toThrow(
      /BuildShipFunctionArn.*; known are ApiFunctionArn/,
    );
    await start();
  });
});
