import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { ConfigurationUpdate, UpdateStatus } from '#configuration/updates/schemas.ts';
import { configuration } from '#local/capabilities/configuration.ts';
import { services } from '#local/capabilities/services.ts';
import { shiftableClock } from '#local/clock.ts';
import { type Cloud, startCloud } from '#local/cloud.ts';
import { callFunction } from '#platform/call.ts';
import { recordRights } from '../infrastructure/recorded-rights.ts';
import { stopAll } from './harness.ts';
import { sendTo } from './send.ts';

/** A service that says how it is as it is told to. */
export async function startService() {
  const health = { status: 200 };
  const server: Server = createServer((request, response) => {
    request.resume();
    response.writeHead(health.status).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('The server has no port');
  return { url: `http://127.0.0.1:${address.port}`, health, close: () => server.close() };
}

/** The configuration of a platform on a clock of its own, with services beside it. */
export async function startConfigurationLab() {
  // One platform runs in a process at a time.
  await stopAll();
  const directory = await mkdtemp(join(tmpdir(), 'theseus-configuration-'));
  const clock = shiftableClock();
  const rights = recordRights([
    { ...configuration, schedules: [] },
    { ...services, schedules: [] },
  ]);
  const cloud: Cloud = await startCloud({
    directory,
    capabilities: rights.capabilities,
    port: 0,
    survives: 'process',
    clock,
  });
  rights.started();
  const send = (method: string, path: string, body?: unknown) => sendTo(cloud, method, path, body);
  const show = async (id: string): Promise<ConfigurationUpdate> =>
    (await send('GET', `/configuration/updates/${id}`)).body;

  /** Sends, and throws unless it is answered with success. */
  async function said(method: string, path: string, body?: unknown) {
    const answer = await send(method, path, body);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  /** Looks until the update is in one of these; time passes when it only waits for it to. */
  async function until(id: string, ...statuses: UpdateStatus[]): Promise<ConfigurationUpdate> {
    for (let look = 0; look < 2_000; look += 1) {
      const view = await show(id);
      if (statuses.includes(view.status)) {
        await cloud.engine.idle();
        return view;
      }
      if (view.endedAt !== null)
        throw new Error(`${id} ended ${view.status}: ${JSON.stringify(view.failure)}`);
      if (view.phase === 'health') await clock.advance(2_000);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error(`${id} never came so far: ${JSON.stringify(await show(id))}`);
  }

  /** Looks until the update is written and only watched. */
  async function watched(id: string): Promise<void> {
    for (let look = 0; look < 2_000; look += 1) {
      if ((await show(id)).phase === 'health') return;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error(`${id} is not watched: ${JSON.stringify(await show(id))}`);
  }

  /** Looks until the update is over, and moves no time. */
  async function ended(id: string): Promise<ConfigurationUpdate> {
    for (let look = 0; look < 1_500; look += 1) {
      const view = await show(id);
      if (view.endedAt !== null) return view;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error(`${id} is not over: ${JSON.stringify(await show(id))}`);
  }

  const key = (name: string, more: object = {}) => ({ namespace: 'shop', key: name, ...more });
  return {
    cloud,
    clock,
    send,
    said,
    show,
    until,
    watched,
    ended,
    key,
    define: (name: string, more: object = {}) =>
      said('PUT', `/configuration/keys/shop/${name}`, { schema: { type: 'integer' }, ...more }),
    post: (body: object) => send('POST', '/configuration/updates', { why: 'Asked for', ...body }),
    async start(changes: object[], more: object = {}): Promise<ConfigurationUpdate> {
      return said('POST', '/configuration/updates', { changes, why: 'Asked for', ...more });
    },
    /** The value of a key for all, and its version. */
    async value(name: string): Promise<unknown> {
      const { readValue } = await import('#configuration/values/store.ts');
      const found = await readValue({ namespace: 'shop', key: name });
      if (found === undefined) return undefined;
      return [found.content?.kind === 'plain' ? found.content.value : null, found.version];
    },
    run: (name: string, payload: object = {}) =>
      callFunction({
        variable: `CONFIGURATION_${name}_FUNCTION`,
        payload,
        answer: z.unknown(),
        waitMs: 55_000,
      }),
    /** How an execution ended. */
    async outcome(arn: string): Promise<string> {
      for (let look = 0; look < 2_000 && cloud.engine.execution(arn).status === 'RUNNING'; look += 1)
        await new Promise((resolve) => setTimeout(resolve, 10));
      return cloud.engine.execution(arn).status;
    },
    async events(id: string): Promise<string[]> {
      const { items } = await said('GET', `/configuration/updates/${id}/events?limit=100`);
      return items.map(({ type }: { type: string }) => type);
    },
    /** Throws Error when functions did what their roles in the cloud may not. */
    async stop(): Promise<void> {
      await cloud.stop();
      await rm(directory, { recursive: true, force: true });
      rights.check();
    },
  };
}
