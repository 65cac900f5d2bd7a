import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { Deprecation } from '#apis/deprecations/schemas.ts';
import { apis } from '#local/capabilities/apis.ts';
import { gateway } from '#local/capabilities/gateway.ts';
import type { Capability } from '#local/capability.ts';
import { shiftableClock } from '#local/clock.ts';
import { type Cloud, startCloud } from '#local/cloud.ts';
import { callFunction } from '#platform/call.ts';
import { recordRights } from '../infrastructure/recorded-rights.ts';
import { stopAll } from './harness.ts';
import { sendTo } from './send.ts';

const dayMs = 86_400_000;

/** What consumers are said to have done of late, in place of real traffic. */
export interface Traffic {
  /** Requests of each consumer to 1.0.0, and errors. */
  consumers: Map<string, { requests: number; errors: number }>;
  /** What the current brownout refused, by consumer. */
  refused: Map<string, number>;
}

/** The gateway, with this in place of what it counts. */
export const gatewayThatCounts = ({ consumers, refused }: Traffic): Capability => {
  const answer = (api: string, now: string) => ({
    days: [],
    operations: [],
    usage: {
      from: new Date(Date.parse(now) - 30 * dayMs).toISOString(),
      to: now,
      sampled: 1,
      consumers: [...consumers].map(([consumer, { requests, errors }]) => ({
        consumer,
        version: '1.0.0',
        lastSeen: now,
        endpoints: [
          { endpoint: 'GET /orders/{}', requests, errors, sent: [], received: ['/note', '/price'] },
        ],
      })),
    },
    refused: [...refused].flatMap(([consumer, requests]) =>
      // Of whichever brownout lasts: the lab has one at a time.
      Array.from({ length: 10 }, (_, at) => ({ consumer, brownout: `${api}-${at + 1}`, requests })),
    ),
  });
  return {
    ...gateway,
    functions: {
      ...gateway.functions,
      'read-api-usage': {
        load: async () => ({
          handler: async (event: unknown) => {
            const { to } = z.looseObject({ to: z.string() }).parse(event);
            return answer(lastId.current, to);
          },
        }),
        timeoutSeconds: 20,
        memoryMb: 256,
      },
    },
  };
};

/** The deprecation whose brownouts the figures are of. */
export const lastId = { current: '' };

/** A receiver of webhooks that answers 200, or what it is told to. */
export async function startReceiver() {
  const got: { headers: Record<string, unknown>; body: string }[] = [];
  const answer = { status: 200 };
  const server: Server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += String(chunk);
    });
    request.on('end', () => {
      got.push({ headers: request.headers, body });
      response.writeHead(answer.status).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('The server has no port');
  return { url: `http://127.0.0.1:${address.port}/hooks`, got, answer, close: () => server.close() };
}

const description = (note: boolean) =>
  JSON.stringify({
    openapi: '3.1.0',
    info: { title: 'Orders', version: '1' },
    paths: {
      '/orders/{id}': {
        get: {
          responses: {
            200: {
              description: 'It is there',
              content: {
                'application/json': {
                  schema: {
                    type: 'object',
                    properties: { price: { type: 'number' }, ...(note ? { note: { type: 'string' } } : {}) },
                  },
                },
              },
            },
          },
        },
      },
    },
  });

export async function startDeprecationLab() {
  // One platform runs in a process at a time.
  await stopAll();
  const directory = await mkdtemp(join(tmpdir(), 'theseus-deprecations-'));
  const clock = shiftableClock();
  const traffic: Traffic = { consumers: new Map(), refused: new Map() };
  const rights = recordRights([
    { ...apis, schedules: [] },
    { ...gatewayThatCounts(traffic), schedules: [] },
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
  const run = (name: string) =>
    callFunction({ variable: `APIS_${name}_FUNCTION`, payload: {}, answer: z.unknown(), waitMs: 55_000 });

  const show = async (api: string, id: string): Promise<Deprecation> =>
    (await send('GET', `/apis/${api}/deprecations/${id}`)).body;

  /** Waits until nothing acts for it: it sleeps, waits for a person, or is over. */
  async function settled(api: string, id: string): Promise<Deprecation> {
    for (let look = 0; look < 2_000; look += 1) {
      const view = await show(api, id);
      if (view.endedAt !== null || view.wakesAt === null || Date.parse(view.wakesAt) > clock.now()) {
        await cloud.engine.idle();
        return view;
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error(`${id} does not settle`);
  }

  return {
    cloud,
    clock,
    traffic,
    send,
    run,
    show,
    settled,
    /** Makes an API with 1.0.0, which has a note, and 2.0.0 without; consumers are registered as they are named. */
    async api(name: string, versions = ['1.0.0', '2.0.0']): Promise<void> {
      const made = await send('PUT', `/apis/${name}`, { kind: 'openapi', service: name });
      if (made.status !== 201) throw new Error(JSON.stringify(made.body));
      for (const version of versions) {
        const body = { version, description: description(version === '1.0.0') };
        const registered = await send('POST', `/apis/${name}/versions`, body);
        if (registered.status !== 201) throw new Error(JSON.stringify(registered.body));
      }
    },
    async start(api: string, body: object): Promise<Deprecation> {
      const started = await send('POST', `/apis/${api}/deprecations`, {
        version: '1.0.0',
        reason: 'Notes go',
        ...body,
      });
      if (started.status !== 201) throw new Error(JSON.stringify(started.body));
      lastId.current = started.body.id;
      return settled(api, started.body.id);
    },
    async act(
      api: string,
      id: string,
      verb: string,
      body: object = { reason: 'Because' },
    ): Promise<Deprecation> {
      const answer = await send('POST', `/apis/${api}/deprecations/${id}/${verb}`, body);
      if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
      return settled(api, id);
    },
    /** Moves time from one waking to the next until this holds, or it sleeps no more. */
    async drive(api: string, id: string, what: (view: Deprecation) => boolean): Promise<Deprecation> {
      for (let wake = 0; wake < 300; wake += 1) {
        const view = await settled(api, id);
        if (what(view) || view.wakesAt === null) return view;
        await clock.advance(Date.parse(view.wakesAt) - clock.now() + 1_000);
      }
      throw new Error(`${id} never came so far`);
    },
    async mails(): Promise<string[]> {
      const folder = join(directory, 'mail');
      const names = await readdir(folder).catch(() => []);
      return Promise.all(names.toSorted().map((name) => readFile(join(folder, name), 'utf8')));
    },
    /** What the gateway has of an API. */
    route: async (name: string) => (await send('GET', `/gateway/apis/${name}`)).body,
    /** Throws Error when functions did what their roles in the cloud may not. */
    async stop(): Promise<void> {
      await cloud.stop();
      await rm(directory, { recursive: true, force: true });
      rights.check();
    },
  };
}
