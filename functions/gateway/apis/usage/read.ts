import type { Usage } from '#compatibility/usage.ts';
import { InvalidInput } from '#platform/errors.ts';
import type { ReadApiUsageInput, ReadApiUsageOutput } from '../schemas.ts';
import { otherConsumers } from './counts.ts';
import { readDay, type StoredCount } from './store.ts';

const dayMs = 86_400_000;
const mostDays = 400;
const daysAtOnce = 8;
/** Answers of functions end at 6 MB. */
const largestAnswer = 4_500_000;
const mostNamed = 2_000;
const mostOperations = 1_000;

type ConsumerUsage = Usage['consumers'][number];
type Endpoint = Extract<StoredCount, { kind: 'endpoint' }>;
type Operation = Extract<StoredCount, { kind: 'operation' }>;

const dayOf = (time: number): string => new Date(time).toISOString().slice(0, 10);

/**
 * What was used of an API on the days that [from, to) touches; whole days, since that is how it is counted. Beyond 2,000
 * consumers, or 4.5 MB, those with the fewest requests are one. Throws InvalidInput for more than 400 days.
 */
export async function readUsage({ api, from, to }: ReadApiUsageInput): Promise<ReadApiUsageOutput> {
  const first = Math.floor(Date.parse(from) / dayMs) * dayMs;
  const end = Math.ceil(Date.parse(to) / dayMs) * dayMs;
  if (!(first < end && end - first <= mostDays * dayMs)) {
    throw new InvalidInput(`Expected at most ${mostDays} days from ${from} on, found ${to}`, {
      problems: [{ pointer: '/to', detail: `Expected after \`from\`, at most ${mostDays} days` }],
      action: 'Ask for a part of it.',
    });
  }
  const days = Array.from({ length: (end - first) / dayMs }, (_, at) => dayOf(first + at * dayMs));
  const found: { day: string; counts: StoredCount[] }[] = [];
  for (let at = 0; at < days.length; at += daysAtOnce) {
    const some = days.slice(at, at + daysAtOnce);
    found.push(...(await Promise.all(some.map(async (day) => ({ day, counts: await readDay(api, day) })))));
  }
  const counts = found.flatMap((one) => one.counts);
  const endpoints = counts.filter((one) => one.kind === 'endpoint');
  const operations = counts.filter((one) => one.kind === 'operation');
  const all = consumersOf(endpoints, operations);
  const window = { from: new Date(first).toISOString(), to: new Date(end).toISOString() };
  for (let named = mostNamed; ; named = Math.floor(named / 2)) {
    const answer: ReadApiUsageOutput = {
      days: found.flatMap(({ day, counts: own }) => versionsOn(day, own)),
      usage: { ...window, sampled: sampledOf(endpoints), consumers: firstOf(all, named) },
      refused: refusedOf(counts),
      operations: operationsOf(operations),
    };
    if (named < 10 || JSON.stringify(answer).length <= largestAnswer) return answer;
  }
}

const total = (counts: readonly { requests: number }[]): number =>
  counts.reduce((sum, { requests }) => sum + requests, 0);

const latest = (counts: readonly { lastSeen: string }[]): string =>
  counts
    .map(({ lastSeen }) => lastSeen)
    .sort()
    .at(-1) ?? '';

/** The share of requests whose fields were looked at; above 0, as its readers divide by it. */
function sampledOf(endpoints: readonly Endpoint[]): number {
  const looked = endpoints.reduce((sum, one) => sum + one.looked, 0);
  return Math.min(1, Math.max(looked, 1) / Math.max(total(endpoints), 1));
}

function versionsOn(day: string, counts: readonly StoredCount[]): ReadApiUsageOutput['days'] {
  const endpoints = counts.filter((one) => one.kind === 'endpoint');
  return [...Map.groupBy(endpoints, ({ version }) => version)].map(([version, own]) => ({
    day,
    version,
    requests: total(own),
    consumers: new Set(own.map(({ consumer }) => consumer)).size,
  }));
}

function consumersOf(endpoints: readonly Endpoint[], operations: readonly Operation[]): ConsumerUsage[] {
  const keyOf = ({ consumer, version }: { consumer: string; version: string }) => `${version}\0${consumer}`;
  const asked = Map.groupBy(operations, keyOf);
  return [...Map.groupBy(endpoints, keyOf)]
    .map(([key, own]) => usageOf(own, asked.get(key)))
    .sort((a, b) => total(b.endpoints) - total(a.endpoints));
}

function usageOf(own: readonly Endpoint[], operations: readonly Operation[] | undefined): ConsumerUsage {
  const { consumer = '', version = '' } = own[0] ?? {};
  const types = operations && typesOf(operations);
  return {
    consumer,
    version,
    lastSeen: latest(own),
    endpoints: [...Map.groupBy(own, ({ endpoint }) => endpoint)].map(([endpoint, counts]) => {
      // Without one that was looked at, nobody knows what was used.
      const known = counts.some(({ looked }) => looked > 0) && !counts.some((one) => one.unknownFields);
      const fields = (of: (one: Endpoint) => Set<string>) =>
        [...new Set(counts.flatMap((one) => [...of(one)]))].sort();
      return {
        endpoint,
        requests: total(counts),
        errors: counts.reduce((sum, { errors }) => sum + errors, 0),
        ...(known ? { sent: fields(({ sent }) => sent), received: fields(({ received }) => received) } : {}),
      };
    }),
    ...(types === undefined ? {} : { types }),
  };
}

/** Undefined when some operation could not be read: then nobody knows what was used. */
function typesOf(operations: readonly Operation[]): ConsumerUsage['types'] {
  if (operations.some(({ unknownFields }) => unknownFields)) return undefined;
  const found = new Map<string, { operations: Set<string>; requests: number }>();
  for (const { hash, requests, fields } of operations) {
    for (const field of fields) {
      const sum = found.get(field) ?? { operations: new Set(), requests: 0 };
      sum.operations.add(hash);
      sum.requests += requests;
      found.set(field, sum);
    }
  }
  return [...found].map(([name, sum]) => {
    const [type = '', field = ''] = name.split('.', 2);
    return { type, field, operations: sum.operations.size, requests: sum.requests };
  });
}

/** The first ones as they are, and the rest as one for each version, whose fields nobody knows. */
function firstOf(all: readonly ConsumerUsage[], named: number): ConsumerUsage[] {
  const rest = Map.groupBy(all.slice(named), ({ version }) => version);
  const others = [...rest].map(([version, own]): ConsumerUsage => {
    const endpoints = Map.groupBy(
      own.flatMap((one) => one.endpoints),
      ({ endpoint }) => endpoint,
    );
    return {
      consumer: otherConsumers,
      version,
      lastSeen: latest(own),
      endpoints: [...endpoints].map(([endpoint, counts]) => ({
        endpoint,
        requests: total(counts),
        errors: counts.reduce((sum, { errors }) => sum + errors, 0),
      })),
    };
  });
  return [...all.slice(0, named), ...others];
}

function refusedOf(counts: readonly StoredCount[]): ReadApiUsageOutput['refused'] {
  const refused = counts.filter((one) => one.kind === 'refused');
  return [
    ...Map.groupBy(refused, (one) => [one.brownout, one.version, one.consumer].join('\0')).values(),
  ].map((own) => ({
    consumer: own[0]?.consumer ?? '',
    version: own[0]?.version ?? '',
    brownout: own[0]?.brownout ?? '',
    requests: total(own),
  }));
}

function operationsOf(operations: readonly Operation[]): ReadApiUsageOutput['operations'] {
  const keyOf = ({ consumer, version, hash }: Operation) => [version, consumer, hash].join('\0');
  return [...Map.groupBy(operations, keyOf).values()]
    .map((own) => ({
      consumer: own[0]?.consumer ?? '',
      version: own[0]?.version ?? '',
      operation: own[0]?.name ?? '',
      requests: total(own),
    }))
    .sort((a, b) => b.requests - a.requests)
    .slice(0, mostOperations);
}
