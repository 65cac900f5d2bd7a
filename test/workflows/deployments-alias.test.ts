import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DescribeAlarmsCommandInput, GetMetricDataCommandInput } from '@aws-sdk/client-cloudwatch';
import { CreateAliasCommand, GetAliasCommand, InvokeCommand } from '@aws-sdk/client-lambda';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DeploymentRecord } from '#deployments/records.ts';
import { attach } from '#local/attach.ts';
import { lambda } from '#platform/clients.ts';
import { cloudWatch } from '#platform/target-clients.ts';
import { type Lab, startLab } from './deployments-harness.ts';

// Deployments over a weighted alias of a function that runs here, by the whole workflow. Invocations are counted as
// CloudWatch counts them: by the version that was executed.

const alias = { FunctionName: 'shop', Name: 'live' };
let lab: Lab;
let folder = '';
let counts = new Map<string, { Invocations: number; Errors: number }>();
/** Alarms that fire, and since when; all others are well. */
const firing = new Map<string, Date>();

const version = (number: number, body: string) =>
  writeFile(join(folder, 'shop', `${number}.mjs`), `export async function handler(event) { ${body} }\n`);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'theseus-functions-'));
  await mkdir(join(folder, 'shop'));
  await version(1, 'return { statusCode: 200 }');
  lab = await startLab({ functions: folder });
  await lambda().send(new CreateAliasCommand({ ...alias, FunctionVersion: '1' }));
  await lab.register('shop', '1.0.0', '2.0.0', '3.0.0', '4.0.0');
  attach(cloudWatch(), 'CloudWatch', { GetMetricData: metricData, DescribeAlarms: describeAlarms });
});
afterAll(async () => {
  await lab.stop();
  await rm(folder, { recursive: true, force: true });
});

/** The same counts in every period. */
async function metricData({ MetricDataQueries = [], StartTime, EndTime }: GetMetricDataCommandInput) {
  const from = StartTime?.getTime() ?? 0;
  const MetricDataResults = MetricDataQueries.map(({ Id, MetricStat }) => {
    const { MetricName, Dimensions = [] } = MetricStat?.Metric ?? {};
    const executed = Dimensions.find(({ Name }) => Name === 'ExecutedVersion')?.Value ?? '';
    const found = counts.get(executed)?.[MetricName === 'Errors' ? 'Errors' : 'Invocations'];
    const periods = Math.floor(((EndTime?.getTime() ?? 0) - from) / 10_000);
    const at = Array.from({ length: periods }, (_, period) => new Date(from + period * 10_000));
    const Timestamps = found === undefined ? [] : at;
    return { Id, StatusCode: 'Complete' as const, Timestamps, Values: Timestamps.map(() => found ?? 0) };
  });
  return { MetricDataResults };
}

async function describeAlarms({ AlarmNames = [] }: DescribeAlarmsCommandInput) {
  const MetricAlarms = AlarmNames.map((AlarmName) => ({
    AlarmName,
    StateValue: firing.has(AlarmName) ? ('ALARM' as const) : ('OK' as const),
    StateTransitionedTimestamp: firing.get(AlarmName) ?? new Date(0),
    StateReason: 'Threshold crossed',
  }));
  return { MetricAlarms };
}

/** Invokes the alias, and counts by executed version. */
async function traffic(requests: number): Promise<Record<string, number>> {
  counts = new Map();
  for (let sent = 0; sent < requests; sent += 1) {
    const answer = await lambda().send(new InvokeCommand({ FunctionName: 'shop', Qualifier: 'live' }));
    const executed = answer.ExecutedVersion ?? '';
    const found = counts.get(executed) ?? { Invocations: 0, Errors: 0 };
    found.Invocations += 1;
    if (answer.FunctionError !== undefined) found.Errors += 1;
    counts.set(executed, found);
  }
  return Object.fromEntries([...counts].map(([executed, { Invocations }]) => [executed, Invocations]));
}

const dimensions = { FunctionName: 'shop', Resource: 'shop:live', ExecutedVersion: '{target}' };
const metric = (name: string) => ({ namespace: 'AWS/Lambda', metric: name, statistic: 'Sum', dimensions });
const deploy = (more: object) =>
  lab.deploy('shop', {
    target: { kind: 'lambda-alias', functionName: 'shop', alias: 'live', testEvent: { test: true } },
    strategy: { kind: 'canary', steps: [{ percent: 50, holdSeconds: 120 }] },
    analysis: {
      sources: [
        {
          kind: 'cloudwatch',
          requests: metric('Invocations'),
          errors: metric('Errors'),
          periodSeconds: 10,
          delaySeconds: 0,
        },
      ],
      criteria: { latency: [] },
    },
    ...more,
  });
const atStep = ({ shiftedStep }: DeploymentRecord) => shiftedStep === 0;
const stored = async () => {
  const { FunctionVersion, RoutingConfig, Description } = await lambda().send(new GetAliasCommand(alias));
  return { main: FunctionVersion, weights: RoutingConfig?.AdditionalVersionWeights ?? {}, Description };
};

describe('a deployment over an alias', () => {
  it('publishes a good version, gives it half the calls, then all of them', async () => {
    await version(2, 'return { statusCode: 200 }');
    const { id } = await deploy({ version: '2.0.0' });
    await lab.until(id, atStep);
    expect(await stored()).toEqual({
      main: '1',
      weights: { 2: 0.5 },
      Description: expect.stringContaining(id),
    });
    const executed = await traffic(100);
    expect(Object.keys(executed).sort()).toEqual(['1', '2']);
    const kept = await lab.reach(id, 'keeping_blue');
    expect(kept).toMatchObject({ from: '1', judgement: { verdict: 'pass' } });
    await lab.reach(id, 'completed');
    expect(await stored()).toEqual({ main: '2', weights: {}, Description: '' });
    expect(await traffic(5)).toEqual({ 2: 5 });
  });

  it('takes a version back whose invocations fail', async () => {
    await version(3, "if (!event.test) throw new Error('no stock'); return { statusCode: 200 }");
    const { id } = await deploy({ version: '3.0.0' });
    await lab.until(id, atStep);
    await traffic(100);
    const back = await lab.reach(id, 'rolled_back');
    expect(back.failure).toMatchObject({ name: 'AnalysisFailed' });
    expect(await stored()).toEqual({ main: '2', weights: {}, Description: '' });
  });

  it('takes a version back whose alarm fires, and leaves aside what fired before', async () => {
    await version(4, 'return { statusCode: 200 }');
    firing.set('shop-always', new Date(1));
    const { id } = await deploy({ version: '4.0.0', alarms: ['shop-always', 'shop-{target}'] });
    const { notes } = await lab.until(id, atStep);
    expect(notes).toEqual([expect.stringContaining('The alarm shop-always fires since 1970')]);
    await traffic(100);
    firing.set('shop-4', new Date());
    const back = await lab.reach(id, 'rolled_back');
    expect(back.failure).toMatchObject({ name: 'AlarmFiring', evidence: { alarms: [{ name: 'shop-4' }] } });
    expect(await stored()).toEqual({ main: '2', weights: {}, Description: '' });
  });
});
