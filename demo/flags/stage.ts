import { mkdir, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { ConfigurationUpdate } from '#configuration/updates/schemas.ts';
import type { Ask } from '../../cli/client.ts';
import { exitCode, Failure } from '../../cli/failure.ts';
import type { Curtain } from '../curtain.ts';
import { startPlatform } from '../platform.ts';
import { type RunningService, runService } from '../service-process.ts';
import { runVisitors } from '../visitors.ts';
import { type InstanceSettings, type UserSettings, type Visit, Visits } from './messages.ts';
import { crowd, environment, flag, limit, limits, service } from './shop.ts';

export const directoryName = '.theseus/demo-flags';
const instanceCount = 3;
const patienceMs = 30_000;

/** Everything that plays. */
export interface Stage {
  ask: Ask;
  instances: RunningService[];
  /** What the users saw so far. */
  visits: Visit[];
  /** Waits at most half a minute until something holds; says whether it does. Throws the reason when the demo is ended. */
  until: (holds: () => boolean | Promise<boolean>) => Promise<boolean>;
  wait: (ms: number) => Promise<void>;
  /** Rejects when the users ended unasked, so that silence does not pass for success. */
  died: Promise<never>;
  /** Lets requests under way end; resolves when all of them are told. */
  stopUsers: () => Promise<void>;
}

export const putLimit = (ask: Ask, value: number, why: string): Promise<ConfigurationUpdate> =>
  ask({
    method: 'POST',
    path: '/configuration/updates',
    body: { changes: [{ key: limit, value }], why },
    answer: ConfigurationUpdate,
  });

export const readUpdate = (ask: Ask, id: string): Promise<ConfigurationUpdate> =>
  ask({ method: 'GET', path: `/configuration/updates/${id}`, answer: ConfigurationUpdate });

/** Makes the flag, which nobody gets yet, and the limit, which affects the shop. */
async function furnish({ ask, until }: Pick<Stage, 'ask' | 'until'>): Promise<void> {
  const put = (path: string, body: object) => ask({ method: 'PUT', path, body, answer: z.unknown() });
  const flags = `/flags/environments/${environment}`;
  await put(flags, { description: 'where the shop sells' });
  await put(`${flags}/flags/${flag}`, {
    owner: 'shop',
    form: { type: 'boolean', on: false },
    why: 'not yet',
  });
  await put(`/configuration/keys/${limit.namespace}/${limit.key}`, {
    description: 'How long a payment may take, in milliseconds',
    schema: { type: 'integer', minimum: 1, maximum: 60_000 },
    services: [service],
    policy: { health: { forSeconds: 5 } },
  });
  const { id } = await putLimit(ask, limits.first, 'to begin with');
  const isThere = await until(async () => (await readUpdate(ask, id)).status === 'completed');
  if (!isThere) throw new Failure('The configuration did not come into force.', { code: exitCode.failed });
}

const register = (ask: Ask, instances: RunningService[]): Promise<unknown> =>
  ask({
    method: 'POST',
    path: `/services/${service}/versions`,
    body: {
      version: '1.0.0',
      endpoints: instances.map(({ url }) => ({ url })),
      healthCheck: { path: '/health' },
    },
    answer: z.unknown(),
  });

/** Starts the platform, the shop and its users; the curtain ends them. */
export async function openStage(curtain: Curtain): Promise<Stage> {
  const directory = resolve(directoryName);
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const starting = startPlatform(directory);
  curtain.before(async (now) => (await starting.catch(() => undefined))?.stop(now));
  const platform = await starting;
  const { ask } = platform;
  const wait = (ms: number) => sleep(ms, undefined, { signal: curtain.fallen });
  async function until(holds: () => boolean | Promise<boolean>): Promise<boolean> {
    const end = performance.now() + patienceMs;
    while (performance.now() < end) {
      if (await holds()) return true;
      await wait(100);
    }
    return false;
  }
  await furnish({ ask, until });
  const { url, token } = platform.current();
  const instancesStarting = Array.from({ length: instanceCount }, (_, n) => {
    const settings: InstanceSettings = { url, token, name: `${service}-${n + 1}` };
    return runService(new URL('./instance.ts', import.meta.url), settings, `Instance ${n + 1} of the shop`);
  });
  curtain.before(async () => {
    for (const one of await Promise.allSettled(instancesStarting))
      if (one.status === 'fulfilled') await one.value.stop();
  });
  const instances = await Promise.all(instancesStarting);
  await register(ask, instances);
  const crowdNow = runUsers({ ...crowd, urls: instances.map((one) => one.url) });
  curtain.before(() => crowdNow.kill());
  return { ask, instances, until, wait, ...crowdNow };
}

/** Starts the users; they end with this process. */
function runUsers(settings: UserSettings): Pick<Stage, 'visits' | 'died' | 'stopUsers'> & { kill(): void } {
  const visits: Visit[] = [];
  const died = Promise.withResolvers<never>();
  // Whoever waits for it hears of it; nobody has to.
  died.promise.catch(() => {});
  const { stop, kill } = runVisitors(new URL('./users.ts', import.meta.url), settings, {
    name: 'users',
    told: (message) => visits.push(...Visits.parse(message)),
    died: died.reject,
  });
  return { visits, died: died.promise, stopUsers: stop, kill };
}
