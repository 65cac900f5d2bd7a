import {
  GetMetricDataCommand,
  type MetricDataQuery,
  type MetricDataResult,
} from '@aws-sdk/client-cloudwatch';
import { nothing, type Sample, type Side } from '#judge/samples.ts';
import { ServiceUnavailable } from '#platform/errors.ts';
import { cloudWatch } from '#platform/target-clients.ts';
import { type ComparedVersion, filled, type Question } from './question.ts';
import { type CloudWatchQuery, type CloudWatchSource, tellsVersions } from './schemas.ts';

type SideName = 'baseline' | 'canary';
/** Numbers by id of the query and epoch ms at which a period began. */
type Found = ReadonlyMap<string, ReadonlyMap<number, number>>;

/** Pages of an answer that are read: 100,800 numbers each. */
const mostPages = 5;

function query(
  id: string,
  asked: CloudWatchQuery,
  version: ComparedVersion,
  period: number,
): MetricDataQuery {
  return {
    Id: id,
    ReturnData: true,
    MetricStat: {
      Metric: {
        Namespace: asked.namespace,
        MetricName: asked.metric,
        Dimensions: Object.entries(asked.dimensions).map(([Name, value]) => ({
          Name,
          Value: filled(value, { ...version }),
        })),
      },
      Stat: asked.statistic,
      Period: period,
    },
  };
}

function queriesOf(source: CloudWatchSource, { baseline, canary }: Question): MetricDataQuery[] {
  const sides: [SideName, ComparedVersion | null][] = [
    ['baseline', baseline],
    ['canary', canary],
  ];
  return sides.flatMap(([side, version]) => {
    if (version === null) return [];
    const ask = (id: string, asked: CloudWatchQuery | undefined) =>
      asked === undefined ? [] : [query(`${side}_${id}`, asked, version, source.periodSeconds)];
    return [
      ...ask('requests', source.requests),
      ...ask('errors', source.errors),
      ...source.numbers.flatMap(({ query: asked }, at) => {
        const apart = Object.values(asked.dimensions).some(tellsVersions);
        return side === 'canary' || apart ? ask(`number_${at}`, asked) : [];
      }),
    ];
  });
}

/** The numbers of every query, once CloudWatch has said of each that it is all there. Throws ServiceUnavailable. */
function numbersOf(results: readonly MetricDataResult[]): Found {
  const found = new Map<string, Map<number, number>>();
  const unfinished = new Map<string, string>();
  for (const { Id = '', StatusCode = 'Unknown', Messages = [], Timestamps = [], Values = [] } of results) {
    const numbers = found.get(Id) ?? new Map<number, number>();
    for (const [at, timestamp] of Timestamps.entries()) {
      const value = Values[at];
      if (value !== undefined) numbers.set(timestamp.getTime(), value);
    }
    found.set(Id, numbers);
    if (StatusCode === 'Complete') unfinished.delete(Id);
    else unfinished.set(Id, [StatusCode, ...Messages.map((one) => one.Value ?? '')].join(', '));
  }
  for (const [id, why] of unfinished) {
    throw new ServiceUnavailable(`CloudWatch did not answer the query of ${id.replace('_', ' ')}: ${why}`, {
      action: 'Check the query, and that the platform may read CloudWatch.',
    });
  }
  return found;
}

async function ask(queries: MetricDataQuery[], from: number, to: number): Promise<Found> {
  const results: MetricDataResult[] = [];
  let token: string | undefined;
  for (let page = 0; page < mostPages; page++) {
    const answer = await cloudWatch().send(
      new GetMetricDataCommand({
        MetricDataQueries: queries,
        StartTime: new Date(from),
        EndTime: new Date(to),
        ScanBy: 'TimestampAscending',
        NextToken: token,
      }),
    );
    results.push(...(answer.MetricDataResults ?? []));
    token = answer.NextToken;
    if (token === undefined) return numbersOf(results);
  }
  throw new ServiceUnavailable(`CloudWatch had more than ${mostPages} pages`, {
    action: 'Look more often, or ask for a longer period.',
  });
}

function sideOf(
  source: CloudWatchSource,
  side: SideName,
  found: Found,
  at: number,
): Side | { problem: string } {
  const numberOf = (id: string) => found.get(`${side}_${id}`)?.get(at);
  const requests = Math.round(numberOf('requests') ?? 0);
  if (requests <= 0) return nothing;
  const errors = numberOf('errors') ?? (source.errorsWhenMissing === 'zero' ? 0 : undefined);
  if (errors === undefined)
    return { problem: `no number of errors of the ${side} beside ${requests} requests` };
  return { requests, errors: Math.min(requests, Math.max(0, Math.round(errors))), latency: {} };
}

/**
 * A sample for each period that became `delaySeconds` old in the time asked. Throws what CloudWatch refused with, and
 * ServiceUnavailable when a query failed.
 */
export async function readCloudWatch(source: CloudWatchSource, question: Question): Promise<Sample[]> {
  const periodMs = source.periodSeconds * 1_000;
  const aligned = (moment: string) =>
    Math.floor((Date.parse(moment) - source.delaySeconds * 1_000) / periodMs) * periodMs;
  const [from, to] = [aligned(question.from), aligned(question.to)];
  if (to <= from) return [];
  const found = await ask(queriesOf(source, question), from, to);
  return Array.from({ length: (to - from) / periodMs }, (_, period): Sample => {
    const at = from + period * periodMs;
    const time = { from: new Date(at).toISOString(), to: new Date(at + periodMs).toISOString() };
    const numbers = Object.fromEntries(
      source.numbers.map(({ name }, index) => {
        const of = (side: SideName) => found.get(`${side}_number_${index}`)?.get(at) ?? null;
        return [name, { baseline: of('baseline'), canary: of('canary') }];
      }),
    );
    const baseline = sideOf(source, 'baseline', found, at);
    const canary = sideOf(source, 'canary', found, at);
    const problems = [baseline, canary].flatMap((side) => ('problem' in side ? [side.problem] : []));
    return {
      ...time,
      baseline: 'problem' in baseline ? nothing : baseline,
      canary: 'problem' in canary ? nothing : canary,
      ...(source.numbers.length === 0 ? {} : { numbers }),
      ...(problems.length === 0 ? {} : { problem: `cloudwatch: ${problems.join('; ')}` }),
    };
  });
}
