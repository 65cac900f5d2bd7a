import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { Deployment, type DeploymentStatus } from '#deployments/schemas.ts';
import type { Ask } from '../../cli/client.ts';
import type { VersionSettings } from './versions.ts';

export const service = 'greeter';

/** The version that runs, one that is as good, and one that fails more often and is slower. */
export const versions = {
  old: { version: '1.0.0', medianMs: 8, errorRate: 0 },
  good: { version: '1.1.0', medianMs: 8, errorRate: 0 },
  bad: { version: '1.2.0', medianMs: 16, errorRate: 0.08 },
} as const satisfies Record<string, VersionSettings>;

/** Short steps, since somebody watches. */
const strategy = {
  kind: 'canary',
  steps: [
    { percent: 20, holdSeconds: 15 },
    { percent: 50, holdSeconds: 12 },
  ],
};
/** A version has passed a step when a second and a half's worth of visitors saw it there, and it was no worse. */
const analysisOf = (visitors: number) => ({
  intervalSeconds: 3,
  extendSeconds: 60,
  criteria: { minRequests: Math.ceil(visitors * 1.5) },
});

const over = new Set<DeploymentStatus>([
  'completed',
  'rolled_back',
  'failed',
  'cancelled',
  'needs_attention',
]);

/** Registers a version where it runs. */
export async function register(ask: Ask, version: string, url: string): Promise<void> {
  const contract = {
    endpoints: [
      {
        method: 'GET',
        path: '/hello',
        output: {
          type: 'object',
          properties: { greeting: { type: 'string' }, version: { type: 'string' } },
          required: ['greeting'],
        },
      },
    ],
  };
  await ask({
    method: 'POST',
    path: `/services/${service}/versions`,
    body: { version, endpoints: [{ url }], healthCheck: { path: '/health' }, contract },
    answer: z.unknown(),
  });
}

/** Sends all requests to the old version. */
export async function route(ask: Ask, url: string): Promise<void> {
  await ask({
    method: 'PUT',
    path: `/gateway/routes/${service}`,
    body: {
      targets: [{ version: versions.old.version, percent: 100, target: { kind: 'http', urls: [url] } }],
    },
    answer: z.unknown(),
  });
}

/** Deploys a version and looks at it twice a second until it is over; `look` sees every look. */
export async function deploy(
  { ask, visitors, signal }: { ask: Ask; visitors: number; signal: AbortSignal },
  version: string,
  look: (deployment: Deployment) => void,
): Promise<Deployment> {
  const { id } = await ask({
    method: 'POST',
    path: '/deployments',
    body: {
      service,
      version,
      strategy,
      analysis: analysisOf(visitors),
      health: { inARow: 2, intervalSeconds: 0.5 },
      bakeSeconds: 10,
      keepBlueSeconds: 3,
    },
    answer: Deployment,
  });
  for (;;) {
    const deployment = await ask({ method: 'GET', path: `/deployments/${id}`, answer: Deployment });
    look(deployment);
    if (over.has(deployment.status)) return deployment;
    await sleep(500, undefined, { signal });
  }
}
