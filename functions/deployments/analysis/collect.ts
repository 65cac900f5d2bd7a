import type { Sample, Side } from '#judge/samples.ts';
import { clock } from '#platform/clock.ts';
import { mergeHistograms } from '#platform/latency-histogram.ts';
import { absent } from '#platform/records.ts';
import type { Question } from '../metrics/question.ts';
import { readSamples as askSources } from '../metrics/source.ts';
import { type DeploymentRecord, LookRecord } from '../records.ts';
import { keys, readAll, readItem, writeItem } from '../store.ts';

// Samples of both versions: taken once, stored, and judged from the store, so that a judgement can be made again.

/** How far back the old version is looked at where nothing is compared, ms. */
const historyMs = 600_000;
/** Samples that one look keeps of traffic, and looks of one deployment: more would not fit into items and judgements. */
const mostOfLook = 10;
const mostLooks = 1_000;

/** From where the next samples are taken. */
function beginOf({ sampledTo, firstTrafficAt, steps }: DeploymentRecord): string {
  if (sampledTo !== null) return sampledTo;
  const first = firstTrafficAt ?? clock.iso();
  return steps.length > 1 ? first : new Date(Date.parse(first) - historyMs).toISOString();
}

/**
 * Takes what there is since the last look and stores it; taken twice, the first stays. Returns the time up to which samples
 * reach then.
 */
export async function takeSamples(record: DeploymentRecord): Promise<string | null> {
  const { id, service, green, request, samples: looks, step } = record;
  const from = beginOf(record);
  const to = clock.iso();
  if (to <= from || looks >= mostLooks || green === null) return record.sampledTo;
  const key = keys.sample(id, from);
  const stored = await readItem(LookRecord, key);
  if (stored !== undefined) return stored.to;
  const question: Question = {
    service,
    baseline: green.blue === null ? null : { version: green.blue, target: green.blue },
    canary: { version: request.version, target: green.green },
    from,
    to,
  };
  const sources = request.analysis?.sources ?? [{ kind: 'gateway' as const }];
  const samples = coarser(await askSources(sources, question), mostOfLook);
  if (await writeItem(key, { step: step ?? 0, to, samples }, absent)) return to;
  return (await readItem(LookRecord, key))?.to ?? null;
}

/** All samples of a deployment, oldest first. */
export const readSamples = async (id: string): Promise<Sample[]> =>
  (await readAll(LookRecord, keys.deployment(id).pk, 'SAMPLE#')).flatMap(({ samples }) => samples);

const both = (one: Side, other: Side): Side => ({
  requests: one.requests + other.requests,
  errors: one.errors + other.errors,
  latency: mergeHistograms(one.latency, other.latency),
});

/** The same traffic in at most `most` samples, neighbours added up; numbers of the user and problems stay as they are. */
export function coarser(samples: readonly Sample[], most: number): Sample[] {
  const traffic = samples.filter((one) => one.numbers === undefined && one.problem === undefined);
  const others = samples.filter((one) => !traffic.includes(one));
  const each = Math.max(1, Math.ceil(traffic.length / most));
  const merged = Array.from({ length: Math.ceil(traffic.length / each) }, (_, at) =>
    traffic.slice(at * each, (at + 1) * each).reduce((one, other) => ({
      from: one.from,
      to: other.to,
      baseline: both(one.baseline, other.baseline),
      canary: both(one.canary, other.canary),
    })),
  );
  return [...merged, ...others].sort((one, other) => Date.parse(one.to) - Date.parse(other.to));
}
