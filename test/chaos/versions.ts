import { createServer, type Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { Deployment, DeploymentEvent } from '#deployments/schemas.ts';
import { holderOf } from '#local/lock.ts';
import { Hopeless, type MortalPlatform } from './platform.ts';

/** Services whose versions are small servers of this process, and a crowd that uses them through the gateway. */
export interface Fabric {
  /** Registers three versions of a service and leads its route to 1.0.0. */
  service(name: string, dependencies?: Record<string, string>): Promise<void>;
  /** What the crowd got from a service since it was last asked, other than these versions: any status but 200 too. */
  strays(service: string, ...allowed: string[]): string[];
  /** Waits until somebody gets this version. */
  got(service: string, version: string): Promise<void>;
  /** What so many requests get now, and how often. */
  answers(service: string, count: number): Promise<Record<string, number>>;
  route(service: string): Promise<z.infer<typeof Route>>;
  stop(): Promise<void>;
}

const Route = z.object({
  heldBy: z.string().nullable(),
  targets: z.array(z.object({ version: z.string(), percent: z.int() })),
});
const versions = ['1.0.0', '2.0.0', '3.0.0'];

export async function openFabric(platform: MortalPlatform): Promise<Fabric> {
  const servers: Server[] = [];
  const gotten = new Map<string, Set<string>>();
  let open = true;
  const crowd: Promise<void>[] = [];

  async function startVersion(version: string): Promise<string> {
    const server = createServer((request, response) => {
      request.resume();
      response.end(version);
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (typeof address !== 'object' || address === null) throw new Error('The server has no port');
    return `http://127.0.0.1:${address.port}`;
  }
  const urls = new Map<string, string>();
  for (const version of versions) urls.set(version, await startVersion(version));

  /** Undefined: no gateway answered, as when the platform is dead. */
  async function one(service: string): Promise<string | undefined> {
    try {
      const gateway = (await holderOf(platform.directory))?.gatewayUrl;
      if (gateway === undefined) return undefined;
      const response = await fetch(`${gateway}/${service}/`, { signal: AbortSignal.timeout(20_000) });
      const text = await response.text();
      return response.status === 200 ? text : String(response.status);
    } catch {
      return undefined;
    }
  }

  async function use(service: string): Promise<void> {
    while (open) {
      const answer = await one(service);
      if (answer !== undefined) gotten.set(service, (gotten.get(service) ?? new Set()).add(answer));
      await sleep(100);
    }
  }

  return {
    async service(name, dependencies = {}) {
      for (const [version, url] of urls) {
        const answer = await platform.ask('POST', `/services/${name}/versions`, {
          version,
          endpoints: [{ url }],
          healthCheck: { path: '/health' },
          dependencies,
        });
        if (answer.status > 201) throw new Error(`not registered: ${JSON.stringify(answer.body)}`);
      }
      const answer = await platform.ask('PUT', `/gateway/routes/${name}`, {
        targets: [{ version: '1.0.0', percent: 100, target: { kind: 'http', urls: [urls.get('1.0.0')] } }],
      });
      if (answer.status > 201) throw new Error(`no route: ${JSON.stringify(answer.body)}`);
      crowd.push(use(name));
    },
    strays(service, ...allowed) {
      const found = [...(gotten.get(service) ?? [])];
      gotten.delete(service);
      return found.filter((answer) => !allowed.includes(answer));
    },
    async got(service, version) {
      await platform.patiently(
        `${version} of ${service}`,
        async () => gotten.get(service)?.has(version) || undefined,
      );
    },
    async answers(service, count) {
      const found: Record<string, number> = {};
      for (let sent = 0; sent < count; sent += 1) {
        const answer = await platform.patiently(`an answer of ${service}`, () => one(service));
        found[answer] = (found[answer] ?? 0) + 1;
      }
      return found;
    },
    route: async (service) => Route.parse((await platform.ask('GET', `/gateway/routes/${service}`)).body),
    async stop() {
      open = false;
      await Promise.all(crowd);
      for (const server of servers) {
        server.closeAllConnections();
        server.close();
      }
    },
  };
}

const Seen = z.object({ id: z.string(), status: z.string() });
const ended = ['completed', 'rolled_back', 'failed', 'cancelled', 'needs_attention'];

/** Starts a deployment or a release, once, though the platform may die over the request. */
export const begin = (
  platform: MortalPlatform,
  noun: 'deployments' | 'releases',
  body: object,
): Promise<string> => {
  let before: Set<string> | undefined;
  const ids = async () => {
    const answer = await platform.ask('GET', `/${noun}?limit=100`);
    return z
      .object({ items: z.array(Seen) })
      .parse(answer.body)
      .items.map(({ id }) => id);
  };
  return platform.patiently(`the beginning of one of ${noun}`, async () => {
    const known = await ids();
    before ??= new Set(known);
    const begun = known.find((id) => !before?.has(id));
    if (begun !== undefined) return begun;
    const answer = await platform.askOnce('POST', `/${noun}`, body);
    if (answer === undefined) return undefined;
    if (answer.status === 201) return Seen.parse(answer.body).id;
    throw new Hopeless(`not begun: ${JSON.stringify(answer.body)}`);
  });
};

/** Waits until it stands so. */
export const reach = (
  platform: MortalPlatform,
  noun: 'deployments' | 'releases',
  id: string,
  ...statuses: string[]
): Promise<string> =>
  platform.patiently(`${id} ${statuses.join(' or ')}`, async () => {
    const { body } = await platform.ask('GET', `/${noun}/${id}`);
    const { status } = Seen.parse(body);
    if (statuses.includes(status)) return status;
    if (ended.includes(status)) throw new Hopeless(`${id} ended otherwise: ${JSON.stringify(body)}`);
    return undefined;
  });

/** Asks for an action until it is accepted, or it stands otherwise than before: an answer may die with its platform. */
export const act = (
  platform: MortalPlatform,
  noun: 'deployments' | 'releases',
  id: string,
  verb: string,
): Promise<boolean> => {
  const possible = async () => {
    const { body } = await platform.ask('GET', `/${noun}/${id}`);
    const { next } = z.object({ next: z.array(z.object({ action: z.string() })) }).parse(body);
    return next.some(({ action }) => action === verb);
  };
  return platform.patiently(`${verb} of ${id}`, async () => {
    const answer = await platform.askOnce('POST', `/${noun}/${id}/${verb}`, {});
    return answer?.status === 200 || !(await possible()) || undefined;
  });
};

export const show = async (platform: MortalPlatform, id: string): Promise<Deployment> =>
  Deployment.parse((await platform.ask('GET', `/deployments/${id}`)).body);

/** What happened, oldest first. */
export async function eventsOf(
  platform: MortalPlatform,
  noun: 'deployments' | 'releases',
  id: string,
): Promise<DeploymentEvent[]> {
  const { body } = await platform.ask('GET', `/${noun}/${id}/events?limit=100`);
  return z.object({ items: z.array(DeploymentEvent) }).parse(body).items;
}
