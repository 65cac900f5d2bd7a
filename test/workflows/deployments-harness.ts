import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readDeployment } from '#deployments/deployment-store.ts';
import type { DeploymentRecord } from '#deployments/records.ts';
import { TokenRecord } from '#deployments/records.ts';
import { Deployment, type DeploymentStatus } from '#deployments/schemas.ts';
import { keys, readAll } from '#deployments/store.ts';
import { deployments } from '#local/capabilities/deployments.ts';
import { gateway } from '#local/capabilities/gateway.ts';
import { services } from '#local/capabilities/services.ts';
import type { Capability } from '#local/capability.ts';
import { shiftableClock } from '#local/clock.ts';
import { type Cloud, startCloud } from '#local/cloud.ts';
import type { InvocationNotice } from '#local/lambda/runtime.ts';
import { bucketOf } from '#platform/latency-histogram.ts';
import { recordRights } from '../infrastructure/recorded-rights.ts';
import { stopAll } from './harness.ts';

/** What a version is said to have done in every 10 s, in place of real traffic. */
export interface Figures {
  requests: number;
  errors: number;
  ms: number;
}

/** Services, gateway and deployments in this process, without a database; versions are small servers. */
export interface Lab {
  cloud: Cloud;
  /** By version; without it the gateway's own counts are read. */
  figures: Map<string, Figures> | undefined;
  hook: { current: ((notice: InvocationNotice) => void | Promise<void>) | undefined };
  /** Versions whose health check fails. */
  ill: Set<string>;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of many forms
  send: (method: string, path: string, body?: unknown) => Promise<{ status: number; body: any }>;
  /** Registers versions of a service, each with a server of its own. */
  register: (service: string, ...versions: string[]) => Promise<void>;
  /**
   * A new service whose route leads to 1.0.0, with 2.0.0 and 3.0.0 registered. Returns its name. All
   * versions depend on these services.
   */
  service: (dependencies?: Record<string, string>) => Promise<string>;
  deploy: (service: string, body?: object) => Promise<Deployment>;
  act: (id: string, verb: string) => Promise<Deployment>;
  show: (id: string) => Promise<Deployment>;
  record: (id: string) => Promise<DeploymentRecord>;
  /** Moves time whenever a deployment holds, until one of these holds of it. */
  drive: (id: string, what: (record: DeploymentRecord) => boolean) => Promise<DeploymentRecord>;
  reach: (id: string, ...statuses: DeploymentStatus[]) => Promise<Deployment>;
  /** Waits, without moving time, until this holds. */
  until: (id: string, what: (record: DeploymentRecord) => boolean) => Promise<DeploymentRecord>;
  /** Which versions answer so many requests through the gateway. */
  answers: (
    service: string,
    count: number,
    headers?: Record<string, string>,
  ) => Promise<Record<string, number>>;
  restart: () => Promise<void>;
  stop: () => Promise<void>;
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** While the platform restarts nobody listens: what was never sent is sent again, for 10 s at most. */
async function patiently(send: () => Promise<Response>): Promise<Response> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await send();
    } catch (error) {
      const cause = error instanceof Error ? error.cause : undefined;
      const refused = cause instanceof Error && 'code' in cause && cause.code === 'ECONNREFUSED';
      if (!refused || attempt === 200) throw error;
      await pause(50);
    }
  }
}
const over = new Set<DeploymentStatus>([
  'completed',
  'rolled_back',
  'failed',
  'cancelled',
  'needs_attention',
]);

/** A version that answers its own number, and says whether it is well. */
async function startVersion(version: string, ill: Set<string>): Promise<{ url: string; server: Server }> {
  const server = createServer((request, response) => {
    request.resume();
    if (request.url === '/health') {
      response.writeHead(ill.has(version) ? 500 : 200).end(JSON.stringify({ status: 'well' }));
      return;
    }
    response.writeHead(version.endsWith('-bad') ? 500 : 200).end(version);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('The server has no port');
  return { url: `http://127.0.0.1:${address.port}`, server };
}

export async function startLab(
  options: {
    figures?: Map<string, Figures>;
    duplicate?: 'concurrently' | 'sequentially';
    /** A folder of functions, as `theseus dev --functions` takes it. */
    functions?: string;
    /** Others beside services, gateway and deployments. */
    more?: Capability[];
  } = {},
): Promise<Lab> {
  // One platform runs in a process at a time.
  await stopAll();
  const { figures, duplicate, functions, more = [] } = options;
  const hook: Lab['hook'] = { current: undefined };
  const ill = new Set<string>();
  const directory = await mkdtemp(join(tmpdir(), 'theseus-deployments-'));
  const clock = shiftableClock();
  const servers = new Map<string, { url: string; server: Server }>();
  const answered = new Set<string>();
  let services_ = 0;
  const dependencies = new Map<string, Record<string, string>>();

  /** The windows that the gateway would have counted, from the figures of the test. */
  const readTraffic = async (event: unknown) => {
    const { versions, from, to } = event as { versions: string[]; from: string; to: string };
    const windows = [];
    const begin = Math.ceil(Date.parse(from) / 10_000) * 10_000;
    for (let at = begin; at + 10_000 <= Date.parse(to) && windows.length < 2_000; at += 10_000) {
      for (const version of versions) {
        const found = figures?.get(version);
        if (found === undefined) continue;
        const { requests, errors, ms } = found;
        windows.push({
          from: new Date(at).toISOString(),
          to: new Date(at + 10_000).toISOString(),
          version,
          requests,
          errors,
          // Half as slow, as slow, and twice as slow: a shape that both versions have.
          latency: {
            [bucketOf(ms / 2)]: Math.floor(requests / 2),
            [bucketOf(ms)]: Math.ceil(requests / 2) - Math.floor(requests / 20),
            [bucketOf(ms * 2)]: Math.floor(requests / 20),
          },
        });
      }
    }
    return { windows };
  };
  const told: Capability =
    figures === undefined
      ? gateway
      : {
          ...gateway,
          functions: {
            ...gateway.functions,
            'read-traffic': {
              load: async () => ({ handler: readTraffic }),
              timeoutSeconds: 30,
              memoryMb: 256,
            },
          },
        };
  const rights = recordRights(
    [services, told, deployments, ...more].map((one) => ({ ...one, schedules: [] })),
  );
  const start = () =>
    startCloud({
      directory,
      capabilities: rights.capabilities,
      port: 0,
      survives: 'process',
      clock,
      ...(functions === undefined ? {} : { functions }),
      drill: { duplicate, onInvoke: (notice: InvocationNotice) => hook.current?.(notice) },
    });
  let cloud = await start();
  rights.started();

  const lab: Lab = {
    get cloud() {
      return cloud;
    },
    figures,
    hook,
    ill,
    async send(method, path, body) {
      const key = `${method}${path}${Math.random()}`.slice(0, 200);
      for (let attempt = 0; ; attempt += 1) {
        const response = await patiently(() =>
          fetch(cloud.url + path, {
            method,
            headers: {
              authorization: `Bearer ${cloud.token}`,
              ...(method === 'POST' ? { 'idempotency-key': key } : {}),
              ...(body === undefined ? {} : { 'content-type': 'application/json' }),
            },
            ...(body === undefined ? {} : { body: JSON.stringify(body) }),
          }),
        );
        const text = await response.text();
        const answer = text === '' ? undefined : JSON.parse(text);
        const doubled = answer?.type === 'urn:theseus:problem:RequestInProgress';
        if (!doubled || attempt === 100) return { status: response.status, body: answer };
        await pause(50);
      }
    },
    async register(service, ...versions) {
      for (const version of versions) {
        const running = servers.get(version) ?? (await startVersion(version, ill));
        servers.set(version, running);
        const answer = await lab.send('POST', `/services/${service}/versions`, {
          version,
          endpoints: [{ url: running.url }],
          healthCheck: { path: '/health' },
          contract: { endpoints: [{ method: 'GET', path: '/' }] },
          dependencies: dependencies.get(service) ?? {},
        });
        if (answer.status > 201) throw new Error(`not registered: ${JSON.stringify(answer.body)}`);
      }
    },
    async service(needed = {}) {
      services_ += 1;
      const name = `shop-${services_}`;
      dependencies.set(name, needed);
      await lab.register(name, '1.0.0', '2.0.0', '3.0.0');
      const url = servers.get('1.0.0')?.url;
      const answer = await lab.send('PUT', `/gateway/routes/${name}`, {
        targets: [{ version: '1.0.0', percent: 100, target: { kind: 'http', urls: [url] } }],
      });
      if (answer.status > 201) throw new Error(`no route: ${JSON.stringify(answer.body)}`);
      return name;
    },
    async deploy(service, body = {}) {
      const answer = await lab.send('POST', '/deployments', {
        service,
        version: '2.0.0',
        strategy: { kind: 'canary', steps: [{ percent: 20, holdSeconds: 120 }] },
        health: { intervalSeconds: 0, inARow: 2, withinSeconds: 1, warmUpRequests: 1 },
        bakeSeconds: 60,
        keepBlueSeconds: 3_600,
        ...body,
      });
      if (answer.status !== 201) throw new Error(`not started: ${JSON.stringify(answer.body)}`);
      return Deployment.parse(answer.body);
    },
    async act(id, verb) {
      const answer = await lab.send('POST', `/deployments/${id}/${verb}`, {});
      if (answer.status !== 200) throw new Error(`${verb} refused: ${JSON.stringify(answer.body)}`);
      return Deployment.parse(answer.body);
    },
    async show(id) {
      return Deployment.parse((await lab.send('GET', `/deployments/${id}`)).body);
    },
    record: readDeployment,
    async drive(id, what) {
      for (let look = 0; look < 3_000; look += 1) {
        const record = await readDeployment(id);
        if (what(record)) return record;
        if (over.has(record.status)) break;
        const tokens = await readAll(TokenRecord, keys.deployment(id).pk, 'TOKEN#');
        // A token that time answered stays until the next one is kept in its place.
        const waits = tokens.find(
          ({ waitsFor, token }) => (waitsFor === 'hold' || waitsFor === 'keep') && !answered.has(token),
        );
        if (waits !== undefined) {
          answered.add(waits.token);
          const { analysis, keepBlueSeconds } = record.request;
          const look = Math.max(analysis?.intervalSeconds ?? 60, record.looked?.waitSeconds ?? 0);
          const seconds = waits.waitsFor === 'keep' ? keepBlueSeconds + 1 : look;
          await cloud.clock.advance(seconds * 1_000);
        }
        await pause(5);
      }
      const { status, phase, failure, step } = await readDeployment(id);
      throw new Error(`${id} is ${status} in ${phase} at step ${step}: ${JSON.stringify(failure)}`);
    },
    async reach(id, ...statuses) {
      await lab.drive(id, ({ status }) => statuses.includes(status));
      return lab.show(id);
    },
    async until(id, what) {
      for (let look = 0; look < 3_000; look += 1) {
        const record = await readDeployment(id);
        if (what(record)) return record;
        await pause(5);
      }
      const { status, phase, failure } = await readDeployment(id);
      throw new Error(`${id} is still ${status} in ${phase}: ${JSON.stringify(failure)}`);
    },
    async answers(service, count, headers = {}) {
      const found: Record<string, number> = {};
      for (let sent = 0; sent < count; sent += 1) {
        const response = await fetch(`${cloud.gatewayUrl}/${service}/`, { headers });
        const version = await response.text();
        found[version] = (found[version] ?? 0) + 1;
      }
      return found;
    },
    async restart() {
      await cloud.stop();
      cloud = await start();
    },
    async stop() {
      await cloud.stop();
      for (const { server } of servers.values()) {
        server.closeAllConnections();
        server.close();
      }
      await rm(directory, { recursive: true, force: true });
      rights.check();
    },
  };
  return lab;
}
