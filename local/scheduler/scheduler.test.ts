import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateScheduleCommand,
  type CreateScheduleCommandInput,
  CreateScheduleGroupCommand,
  DeleteScheduleCommand,
  GetScheduleCommand,
  ListSchedulesCommand,
  SchedulerClient,
  UpdateScheduleCommand,
} from '@aws-sdk/client-scheduler';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type VirtualClock, virtualClock } from '../clock.ts';
import type { Deliver } from '../events/queue.ts';
import { createScheduler, type Scheduler } from './scheduler.ts';

const HOUR = 3_600_000;
const base = {
  FlexibleTimeWindow: { Mode: 'OFF' },
  Target: { Arn: 'sm:undo', RoleArn: 'arn:role', Input: '{"migration":"mig_1"}' },
} satisfies Partial<CreateScheduleCommandInput>;

describe('the local Scheduler', () => {
  let directory: string;
  let clock: VirtualClock;
  let client: SchedulerClient;
  let scheduler: Scheduler;
  let calls: { target: string; input: unknown; at: string; id: string }[];

  async function open(deliver?: Deliver): Promise<void> {
    const recorded: Deliver = async (target, input, id) =>
      void calls.push({ target, input, at: new Date(clock.now()).toISOString(), id });
    scheduler = createScheduler({ directory, clock, deliver: deliver ?? recorded });
    client = new SchedulerClient({ region: 'local' });
    scheduler.attach(client);
    await scheduler.start();
  }
  const create = (Name: string, ScheduleExpression: string, more: Partial<CreateScheduleCommandInput> = {}) =>
    client.send(new CreateScheduleCommand({ ...base, Name, ScheduleExpression, ...more }));
  const names = async () =>
    (await client.send(new ListSchedulesCommand({}))).Schedules?.map((one) => one.Name);

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'scheduler-'));
    clock = virtualClock(Date.parse('2026-11-21T10:00:00Z'));
    calls = [];
    await open();
  });
  afterEach(async () => {
    await scheduler.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  it('calls a one-time target once, at its moment, and removes the schedule when told so', async () => {
    await create('remove', 'at(2026-12-05T10:00:00)', { ActionAfterCompletion: 'DELETE' });
    await create('keep', 'at(2026-11-21T11:00:00)', { ScheduleExpressionTimezone: 'UTC' });
    await clock.advance(13 * 24 * HOUR);
    await scheduler.settled();
    expect(calls).toMatchObject([
      { target: 'sm:undo', input: { migration: 'mig_1' }, at: '2026-11-21T11:00:00.000Z' },
    ]);
    await clock.advance(2 * 24 * HOUR);
    await scheduler.settled();
    expect(calls.map((call) => call.at)).toEqual(['2026-11-21T11:00:00.000Z', '2026-12-05T10:00:00.000Z']);
    expect(await names()).toEqual(['keep']);
    expect(readdirSync(join(directory, 'scheduler'))).toHaveLength(1);
  });

  it('fires after a restart what fell due in between: a one-time one, and a recurring one once', async () => {
    await create('once', 'at(2026-11-21T12:00:00)');
    await create('often', 'rate(10 minutes)', { Target: { Arn: 'fn:sweep', RoleArn: 'r' } });
    await create('later', 'at(2026-12-01T12:00:00)');
    await scheduler.stop();
    await clock.advance(5 * HOUR + 60_000);
    expect(calls).toEqual([]);
    await open();
    await clock.advance(0);
    await scheduler.settled();
    expect(calls.map((call) => call.target).sort()).toEqual(['fn:sweep', 'sm:undo']);
    calls.length = 0;
    for (let turn = 0; turn < 2; turn += 1) await clock.advance(10 * 60_000);
    await scheduler.settled();
    expect(calls.map((call) => call.at)).toEqual(['2026-11-21T15:10:00.000Z', '2026-11-21T15:20:00.000Z']);
  });

  it('fires each recurring one once when the clock is moved, at its last moment, and every one-time one, in order', async () => {
    const by = (Arn: string) => ({ Target: { ...base.Target, Arn } });
    await create('each-minute', 'rate(1 minute)', by('fn:sweep'));
    await create('each-morning', 'cron(30 6 * * ? *)', by('fn:morning'));
    await create('first', 'at(2026-11-22T12:00:00)', by('fn:first'));
    await create('second', 'at(2026-11-24T12:00:00)', by('fn:second'));
    await clock.advance(7 * 24 * HOUR + 30_000);
    await scheduler.settled();
    expect(calls.map(({ target, at }) => ({ target, at }))).toEqual([
      { target: 'fn:first', at: '2026-11-22T12:00:00.000Z' },
      { target: 'fn:second', at: '2026-11-24T12:00:00.000Z' },
      { target: 'fn:morning', at: '2026-11-28T06:30:00.000Z' },
      { target: 'fn:sweep', at: '2026-11-28T10:00:00.000Z' },
    ]);
    calls.length = 0;
    await clock.advance(60_000);
    await clock.advance(365 * 24 * HOUR);
    await scheduler.settled();
    expect(calls.map(({ target, at }) => ({ target, at }))).toEqual([
      { target: 'fn:sweep', at: '2026-11-28T10:01:00.000Z' },
      { target: 'fn:morning', at: '2027-11-28T06:30:00.000Z' },
      { target: 'fn:sweep', at: '2027-11-28T10:01:00.000Z' },
    ]);
  });

  it('calls again, with the same id, what was not taken; also what a crash cut off', async () => {
    await scheduler.stop();
    let failures = 2;
    const ids: string[] = [];
    await open(async (_target, _input, id) => {
      ids.push(id);
      failures -= 1;
      if (failures >= 0) throw new Error('busy');
    });
    await create('once', 'at(2026-11-21T10:30:00)');
    await clock.advance(HOUR);
    await scheduler.settled();
    expect(ids).toHaveLength(3);
    expect(new Set(ids).size).toBe(1);

    await scheduler.stop();
    await open(() => new Promise(() => {}));
    await create('cut-off', 'at(2026-11-21T11:30:00)');
    await clock.advance(HOUR);
    await scheduler.stop();
    await open();
    await clock.advance(0);
    await scheduler.settled();
    expect(calls.map((call) => call.id)).toEqual([expect.stringContaining('schedule/default/cut-off')]);
  });

  it('moves, pauses and deletes', async () => {
    await create('moved', 'at(2026-11-21T11:00:00)');
    await client.send(
      new UpdateScheduleCommand({ ...base, Name: 'moved', ScheduleExpression: 'at(2026-11-21T13:00:00)' }),
    );
    await create('paused', 'rate(1 hour)', { State: 'DISABLED' });
    await create('deleted', 'rate(1 hour)');
    await client.send(new DeleteScheduleCommand({ Name: 'deleted' }));
    await clock.advance(4 * HOUR);
    await scheduler.settled();
    expect(calls.map((call) => call.at)).toEqual(['2026-11-21T13:00:00.000Z']);
    expect(await client.send(new GetScheduleCommand({ Name: 'moved' }))).toMatchObject({
      ScheduleExpression: 'at(2026-11-21T13:00:00)',
      State: 'ENABLED',
      Target: { Arn: 'sm:undo', Input: '{"migration":"mig_1"}' },
      ActionAfterCompletion: 'NONE',
    });
    await expect(client.send(new GetScheduleCommand({ Name: 'deleted' }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
  });

  it('keeps within StartDate and EndDate and fills in the context', async () => {
    const Input = '{"at":"<aws.scheduler.scheduled-time>","try":"<aws.scheduler.attempt-number>"}';
    await create('bounded', 'cron(0 * * * ? *)', {
      StartDate: new Date('2026-11-21T12:00:00Z'),
      EndDate: new Date('2026-11-21T13:30:00Z'),
      ActionAfterCompletion: 'DELETE',
      Target: { ...base.Target, Input },
    });
    await clock.advance(2.5 * HOUR);
    await clock.advance(24 * HOUR);
    await scheduler.settled();
    expect(calls.map((call) => call.input)).toEqual([
      { at: '2026-11-21T12:00:00Z', try: '1' },
      { at: '2026-11-21T13:00:00Z', try: '1' },
    ]);
    expect(await names()).toEqual([]);
  });

  it('has exactly the declared schedules, beside those created by calls', async () => {
    const target = { arn: 'fn:sweep' };
    await create('by-call', 'rate(1 day)');
    await scheduler.declare([
      { name: 'a', expression: 'rate(1 hour)', target },
      { name: 'b', expression: 'rate(1 hour)', target },
    ]);
    await clock.advance(1.5 * HOUR);
    await scheduler.declare([
      { name: 'b', expression: 'rate(1 hour)', target },
      { name: 'c', expression: 'rate(2 hours)', target },
    ]);
    expect(await names()).toEqual(['b', 'c', 'by-call']);
    await clock.advance(HOUR);
    await scheduler.settled();
    expect(calls.map((call) => call.at)).toEqual([
      '2026-11-21T11:00:00.000Z',
      '2026-11-21T11:00:00.000Z',
      '2026-11-21T12:00:00.000Z',
    ]);
  });

  it('refuses what is wrong, there already, or not known', async () => {
    await create('one', 'rate(1 hour)', { ClientToken: 'same' });
    await create('one', 'rate(1 hour)', { ClientToken: 'same' });
    await expect(create('one', 'rate(1 hour)')).rejects.toMatchObject({ name: 'ConflictException' });
    await expect(create('two', 'rate(1 hours)')).rejects.toMatchObject({ name: 'ValidationException' });
    await expect(create('two', 'rate(1 hour)', { Target: { ...base.Target, Input: '{' } })).rejects.toThrow(
      /not JSON/,
    );
    await expect(
      create('two', 'rate(1 hour)', { Target: { ...base.Target, SqsParameters: {} } }),
    ).rejects.toThrow(/does not know the field SqsParameters/);
    await expect(client.send(new CreateScheduleGroupCommand({ Name: 'x' }))).rejects.toThrow(
      /Scheduler.CreateScheduleGroup is not available/,
    );
    const page = await client.send(new ListSchedulesCommand({ MaxResults: 1 }));
    expect(page.NextToken).toBeUndefined();
  });
});
