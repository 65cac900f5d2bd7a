import { z } from 'zod';
import { callFunction } from '#platform/call.ts';
import { nothing, Sample, Side } from '../judge/samples.ts';
import { moved, type Question } from './question.ts';

const Traffic = z.object({
  windows: z.array(
    z.object({ from: z.iso.datetime(), to: z.iso.datetime(), version: z.string() }).and(Side.loose()),
  ),
});

/** The gateway's windows, and how long after their end its functions have written what they counted. */
const windowMs = 10_000;
const settleMs = 5_000;

/** Requests, errors and latencies of both versions, by the gateway's windows. Throws what the gateway's function reports. */
export async function readGateway({ service, baseline, canary, from, to }: Question): Promise<Sample[]> {
  // A window is told once, in the stretch of time in which it has been over for long enough.
  const [since, until] = [moved(from, -settleMs), moved(to, -settleMs)];
  const versions = [canary.version, ...(baseline === null ? [] : [baseline.version])];
  const { windows } = await callFunction({
    variable: 'GATEWAY_READ_TRAFFIC_FUNCTION',
    payload: { service, versions, from: moved(since, -windowMs), to: until },
    answer: Traffic,
    waitMs: 15_000,
  });
  const samples = new Map<string, Sample>();
  for (const { from: began, to: ended, version, requests, errors, latency } of windows) {
    const [begin, end] = [moved(began, 0), moved(ended, 0)];
    if (end <= since || end > until) continue;
    const sample = samples.get(begin) ?? { from: begin, to: end, baseline: nothing, canary: nothing };
    const side = { requests, errors, latency };
    if (version === canary.version) samples.set(begin, { ...sample, canary: side });
    else if (version === baseline?.version) samples.set(begin, { ...sample, baseline: side });
  }
  return Sample.array().parse([...samples.values()]);
}
