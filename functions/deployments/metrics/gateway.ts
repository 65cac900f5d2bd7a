import { z } from 'zod';
import { nothing, Sample, Side } from '#judge/samples.ts';
import { callFunction } from '#platform/call.ts';
import { moved, type Question } from './question.ts';

const Traffic = z.object({
  windows: z.array(
    z.object({ from: z.iso.datetime(), to: z.iso.datetime(), version: z.string() }).and(Side.loose()),
  ),
});

/** The gateway's windows, and how long after their end its functions have written what they counted. */
const windowMs = 10_000;
const settleMs = 5_000;

/** What the gateway tells at once, and how far back is asked at all: who was paused for longer is judged by the last day. */
const atOnceMs = 6 * 3_600_000;
const longestMs = 4 * atOnceMs;

/** Requests, errors and latencies of both versions, by the gateway's windows. Throws what the gateway's function reports. */
export async function readGateway({ service, baseline, canary, from, to }: Question): Promise<Sample[]> {
  // A window is told once, in the stretch of time in which it has been over for long enough.
  const [since, until] = [moved(from, -settleMs), moved(to, -settleMs)];
  const versions = [canary.version, ...(baseline === null ? [] : [baseline.version])];
  const samples = new Map<string, Sample>();
  const last = Date.parse(until);
  let at = Math.max(Date.parse(since) - windowMs, last - longestMs);
  while (at < last) {
    const end = Math.min(last, at + atOnceMs);
    const { windows } = await callFunction({
      variable: 'GATEWAY_READ_TRAFFIC_FUNCTION',
      payload: { service, versions, from: new Date(at).toISOString(), to: new Date(end).toISOString() },
      answer: Traffic,
      waitMs: 15_000,
    });
    for (const { from: began, to: ended, version, requests, errors, latency } of windows) {
      const time = { from: moved(began, 0), to: moved(ended, 0) };
      if (time.to <= since || time.to > until) continue;
      const sample = samples.get(time.from) ?? { ...time, baseline: nothing, canary: nothing };
      const side = { requests, errors, latency };
      if (version === canary.version) samples.set(time.from, { ...sample, canary: side });
      else if (version === baseline?.version) samples.set(time.from, { ...sample, baseline: side });
    }
    at = end;
  }
  return Sample.array().parse([...samples.values()]);
}
