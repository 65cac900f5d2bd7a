import type { z } from 'zod';
import { clock } from '#platform/clock.ts';
import { mergeHistograms, quantile } from '#platform/latency-histogram.ts';
import type { Route, Traffic, TrafficWindow } from '../schemas.ts';
import { readTraffic, windowMs } from './store.ts';

/** Up to two digits behind the point are more than the histogram knows. */
const rounded = (ms: number | null): number | null => (ms === null ? null : Math.round(ms * 100) / 100);

function summary(version: string, percent: number, windows: readonly TrafficWindow[]) {
  const own = windows.filter((one) => one.version === version);
  const sum = (of: (one: TrafficWindow) => number) => own.reduce((total, one) => total + of(one), 0);
  const latency = own.reduce((all, one) => mergeHistograms(all, one.latency), {});
  return {
    version,
    percent,
    requests: sum(({ requests }) => requests),
    errors: sum(({ errors }) => errors),
    p50Ms: rounded(quantile(latency, 0.5)),
    p95Ms: rounded(quantile(latency, 0.95)),
    p99Ms: rounded(quantile(latency, 0.99)),
  };
}

/** What came of requests to each target of a route in the last `ms`, and in the window that has just begun. */
export async function trafficOf({ service, targets }: Route, ms: number): Promise<z.infer<typeof Traffic>> {
  const now = clock.now();
  const from = new Date(Math.floor((now - ms) / windowMs) * windowMs + windowMs).toISOString();
  const to = new Date(now + 1).toISOString();
  const versions = targets.map(({ version }) => version);
  const windows = await readTraffic({ service, versions, from, to });
  return { from, to, versions: targets.map((one) => summary(one.version, one.percent, windows)) };
}
