import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { Deprecation, DeprecationEventPage } from '#apis/deprecations/schemas.ts';
import { type Ask, asking } from '../../cli/client.ts';
import { exitCode, Failure } from '../../cli/failure.ts';
import { api } from './description.ts';

const settleLimitMs = 30_000;
/** The sweepers of the platform run each minute of its time. */
const minuteMs = 60_000;

const Usage = z.looseObject({
  usage: z.looseObject({
    consumers: z.array(z.looseObject({ consumer: z.string(), version: z.string() })),
  }),
  refused: z.array(z.looseObject({ consumer: z.string(), brownout: z.string(), requests: z.int() })),
});

/** The platform in this process, so that its time can be moved. */
export interface MovedPlatform {
  ask: Ask;
  url: string;
  gatewayUrl: string;
  until: Until;
  now(): number;
  today(): string;
  /** Waits until nothing acts for the deprecation (it sleeps, waits for a person, or is over) and its messages are sent. */
  settled(id: string): Promise<Deprecation>;
  /** Moves time on to its next waking. */
  wake(view: Deprecation): Promise<Deprecation>;
  /** Moves time on by so much. */
  move(ms: number): Promise<void>;
  /** What happened in the deprecation, oldest first. */
  events(id: string): Promise<z.infer<typeof DeprecationEventPage>['items']>;
  /** How many e-mails were written. */
  mails(): Promise<number>;
  /** What was counted today. */
  usage(): Promise<z.infer<typeof Usage>>;
  stop(): Promise<void>;
}

/** Waits in real time until something holds. Throws Failure naming it after 30 s, and the signal's reason once it is aborted. */
export type Until = (what: string, holds: () => boolean | Promise<boolean>) => Promise<void>;

const waiting =
  (signal: AbortSignal): Until =>
  async (what, holds) => {
    const end = performance.now() + settleLimitMs;
    while (!(await holds())) {
      if (performance.now() > end)
        throw new Failure(`Half a minute went by without this: ${what}.`, { code: exitCode.failed });
      await sleep(25, undefined, { signal });
    }
  };

/** Starts the capabilities that an API needs, on free ports, over a directory of the demo's own. */
export async function startMovedPlatform(directory: string, signal: AbortSignal): Promise<MovedPlatform> {
  process.env.LOG_LEVEL ??= 'SILENT';
  process.env.POWERTOOLS_LOG_LEVEL ??= process.env.LOG_LEVEL;
  // The logger reads its level when it is loaded.
  const [{ startCloud }, { apis }, { gateway }] = await Promise.all([
    import('#local/cloud.ts'),
    import('#local/capabilities/apis.ts'),
    import('#local/capabilities/gateway.ts'),
  ]);
  const cloud = await startCloud({ directory, capabilities: [apis, gateway], port: 0, survives: 'process' });
  const { clock, url, token, gatewayUrl = '' } = cloud;
  const until = waiting(signal);
  const ask = asking({ url, token });
  const today = () => new Date(clock.now()).toISOString().slice(0, 10);
  const show = (id: string) =>
    ask({ method: 'GET', path: `/apis/${api}/deprecations/${id}`, answer: Deprecation });

  async function idle(): Promise<void> {
    await cloud.engine.idle();
    await cloud.lambda.idle();
  }
  async function move(ms: number): Promise<void> {
    await clock.advance(ms);
    await idle();
  }
  async function asleep(id: string): Promise<Deprecation> {
    let view = await show(id);
    await until(`${id} settles`, async () => {
      view = await show(id);
      return view.endedAt !== null || view.wakesAt === null || Date.parse(view.wakesAt) > clock.now();
    });
    await idle();
    return view;
  }
  async function settled(id: string): Promise<Deprecation> {
    await asleep(id);
    await move(minuteMs);
    return asleep(id);
  }

  return {
    ask,
    url,
    gatewayUrl,
    until,
    now: clock.now,
    today,
    settled,
    move,
    async wake({ id, wakesAt }) {
      if (wakesAt !== null) await move(Date.parse(wakesAt) - clock.now() + 1_000);
      return settled(id);
    },
    async events(id) {
      const path = `/apis/${api}/deprecations/${id}/events`;
      const page = { method: 'GET' as const, path, query: { limit: 100 }, answer: DeprecationEventPage };
      return (await ask(page)).items;
    },
    mails: async () => (await readdir(join(directory, 'mail')).catch(() => [])).length,
    async usage() {
      const answer = await cloud.lambda.invoke('gateway-read-api-usage', {
        api,
        from: `${today()}T00:00:00.000Z`,
        to: new Date(clock.now()).toISOString(),
      });
      return Usage.parse('payload' in answer ? answer.payload : answer);
    },
    stop: cloud.stop,
  };
}
