import {
  CloudWatchServiceException,
  type CompositeAlarm,
  type DescribeAlarmsCommandInput,
  type MetricAlarm,
} from '@aws-sdk/client-cloudwatch';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { attach } from '#local/attach.ts';
import { forgetClients } from '#platform/clients.ts';
import { cloudWatch } from '#platform/target-clients.ts';
import { alarmNames, checkAlarms, firingBefore } from './alarms.ts';

const minute = (number: number) => new Date(Date.UTC(2026, 0, 1, 12, number));
const region = process.env.AWS_REGION;
let alarms: MetricAlarm[] = [];
let composites: CompositeAlarm[] = [];
let asked: DescribeAlarmsCommandInput[] = [];
let failure: Error | undefined;

beforeEach(() => {
  process.env.AWS_REGION = 'eu-west-1';
  forgetClients();
  asked = [];
  failure = undefined;
  composites = [];
  alarms = [alarm('errors', 'OK', 0), alarm('latency', 'INSUFFICIENT_DATA', 0)];
  attach(cloudWatch(), 'CloudWatch', {
    DescribeAlarms: async (input: DescribeAlarmsCommandInput) => {
      asked.push(input);
      if (failure) throw failure;
      const of = <T extends { AlarmName?: string | undefined }>(list: T[]) =>
        list.filter(({ AlarmName = '' }) => input.AlarmNames?.includes(AlarmName));
      return { MetricAlarms: of(alarms), CompositeAlarms: of(composites) };
    },
  });
});
afterEach(() => {
  forgetClients();
  if (region === undefined) delete process.env.AWS_REGION;
  else process.env.AWS_REGION = region;
});

const alarm = (AlarmName: string, StateValue: 'OK' | 'ALARM' | 'INSUFFICIENT_DATA', since: number) => ({
  AlarmName,
  StateValue,
  StateTransitionedTimestamp: minute(since),
  // Written anew at each evaluation.
  StateUpdatedTimestamp: minute(59),
  StateReason: 'Threshold crossed',
});
const names = ['errors', 'latency'];

describe('alarms', () => {
  it('that are well or know nothing let a deployment go on', async () => {
    expect(await firingBefore(names)).toEqual([]);
    await checkAlarms(names, []);
    expect(asked[0]).toEqual({
      AlarmNames: names,
      AlarmTypes: ['MetricAlarm', 'CompositeAlarm'],
      MaxRecords: 100,
    });
    await checkAlarms([], []);
    expect(asked).toHaveLength(2);
  });

  it('that fire end it, composite ones too, with their reason', async () => {
    alarms = [alarm('errors', 'ALARM', 5)];
    composites = [alarm('latency', 'ALARM', 6)];
    await expect(checkAlarms(names, [])).rejects.toMatchObject({
      name: 'AlarmFiring',
      retryable: false,
      message: expect.stringContaining(
        '2 alarms, among them errors fires since 2026-01-01T12:05:00.000Z: Threshold crossed',
      ),
      evidence: { alarms: [{ name: 'errors' }, { name: 'latency' }] },
    });
  });

  it('that fired before are left aside as long as they do, and count once they were well', async () => {
    alarms = [alarm('errors', 'ALARM', 5), alarm('latency', 'OK', 0)];
    const before = await firingBefore(names);
    expect(before).toEqual([{ name: 'errors', since: minute(5).toISOString() }]);
    await checkAlarms(names, before);
    alarms = [alarm('errors', 'ALARM', 9), alarm('latency', 'OK', 0)];
    await expect(checkAlarms(names, before)).rejects.toMatchObject({ name: 'AlarmFiring' });
  });

  it('that are not there are named: nobody would watch', async () => {
    for (const look of [() => firingBefore(['errors', 'gone']), () => checkAlarms(['errors', 'gone'], [])]) {
      await expect(look()).rejects.toMatchObject({ name: 'AlarmUnknown', evidence: { missing: ['gone'] } });
    }
  });

  it('that cannot be read now are looked at again', async () => {
    failure = new CloudWatchServiceException({
      name: 'ThrottlingException',
      message: 'Rate exceeded',
      $fault: 'client',
      $metadata: {},
    });
    await expect(checkAlarms(names, [])).rejects.toMatchObject({
      name: 'ServiceUnavailable',
      retryable: true,
    });
  });

  it('have the new version in their names', () => {
    const green = { version: '1.4.0', target: '42' };
    expect(alarmNames(['shop-{target}', 'shop-{version}', 'shop-{other}', 'shop-42'], green)).toEqual([
      'shop-42',
      'shop-1.4.0',
      'shop-{other}',
    ]);
  });
});
