import { z } from 'zod';
import { TheseusError } from '#platform/errors.ts';
import { exchange } from '#platform/outbound/exchange.ts';
import { TargetRefused } from '../errors.ts';
import { askCapability } from './capability-ask.ts';
import { readRoute } from './route.ts';
import type { Canary, Target } from './schemas.ts';
import type { Health, Made, Subject, TargetActions } from './target.ts';

// Versions behind the gateway: blue and green are URLs, and how traffic is split is in the gateway's route.

const waitMs = 20_000;
/** How long one endpoint may take to say how it is, ms. */
const healthMs = 5_000;

const VersionFacts = z.object({
  endpoints: z.array(z.object({ url: z.string() })),
  healthCheck: z.object({ path: z.string(), expectedStatus: z.int().default(200) }).nullable(),
});

const MadeHere = z.object({
  blue: z.object({ version: z.string(), target: z.json() }).nullable(),
  green: z.string(),
  urls: z.array(z.string()),
  /** What is asked of each, and the status that is well; null: that it answers has to do. */
  check: z.object({ path: z.string(), expectedStatus: z.int() }).nullable(),
});
const madeHere = (made: Made) => MadeHere.parse(made);

/** Addresses in private networks are those of services where the platform was told that they live there. */
const reaches = () => ({ privateNetworks: process.env.THESEUS_PRIVATE_ENDPOINTS === 'allowed' });

type Check = z.infer<typeof MadeHere>['check'];

async function lookAt(url: string, check: Check): Promise<Health> {
  const endpoint = url.replace(/\/$/, '') + (check?.path ?? '/');
  try {
    const answer = await exchange({
      method: 'GET',
      url: endpoint,
      headers: { 'user-agent': 'theseus' },
      timeoutMs: healthMs,
      reaches: reaches(),
    });
    const { status, durationMs } = answer;
    const healthy = check === null ? status < 500 : status === check.expectedStatus;
    return { endpoint, healthy, detail: `${status} in ${durationMs} ms` };
  } catch (error) {
    if (!(error instanceof TheseusError)) throw error;
    return { endpoint, healthy: false, detail: error.message };
  }
}

type HttpSubject = Subject<Extract<Target, { kind: 'http' }>>;

export const http: TargetActions<HttpSubject['target']> = {
  async createGreen({ service, version }) {
    const facts = await askCapability({
      variable: 'SERVICES_DESCRIBE_VERSION_FUNCTION',
      payload: { service, version },
      answer: VersionFacts,
      waitMs,
    });
    const urls = [...new Set(facts.endpoints.map(({ url }) => url))];
    if (urls.length === 0) {
      throw new TargetRefused(`Version ${version} of ${service} is registered without an endpoint`, {
        evidence: { service, version },
        action: 'Register it with the URLs where it answers.',
      });
    }
    const route = await readRoute(service);
    const others = (route?.targets ?? []).filter((one) => one.version !== version);
    const most = others.toSorted((one, other) => other.percent - one.percent)[0];
    const blue = most === undefined ? null : { version: most.version, target: most.target };
    const made = { blue, green: version, urls, check: facts.healthCheck };
    return { blue: blue?.version ?? null, green: version, made };
  },

  async split({ service }, made) {
    const { green } = madeHere(made);
    const route = await readRoute(service);
    const percent = route?.targets.find(({ version }) => version === green)?.percent ?? 0;
    const canaries = (route?.canaries ?? []).flatMap(({ version, ...canary }) =>
      // The gateway has taken it from what a deployment sent.
      version === green ? [canary as Canary] : [],
    );
    return { percent, canaries };
  },

  async shift({ service, deployment }, made, { percent, canaries, order, done }) {
    const { blue, green, urls } = madeHere(made);
    const own = { version: green, percent, target: { kind: 'http', urls } };
    const both = blue === null ? [own] : [{ ...blue, percent: 100 - percent }, own];
    const targets = done ? both.filter((one) => one.percent > 0) : both;
    await askCapability({
      variable: 'GATEWAY_SHIFT_TRAFFIC_FUNCTION',
      payload: {
        service,
        deployment,
        targets,
        canaries: done ? [] : canaries.map((canary) => ({ version: green, ...canary })),
        done,
        order,
      },
      answer: z.object({ revision: z.int() }),
      waitMs,
    });
  },

  endpoints: (made) => madeHere(made).urls,

  async warmUp(_subject, made, requests, signal) {
    const { urls, check } = madeHere(made);
    for (let sent = 0; sent < requests && !signal.aborted; sent += 1) {
      await Promise.all(urls.map((url) => lookAt(url, check)));
    }
  },

  async checkHealth(_subject, made) {
    const { urls, check } = madeHere(made);
    return Promise.all(urls.map((url) => lookAt(url, check)));
  },

  // Where versions run is nothing of the gateway's: whoever started them ends them.
  async cleanUpBlue() {},
  async cleanUpGreen() {},
};
