import { join } from 'node:path';
import {
  ConflictException,
  type CreateScheduleCommandInput,
  type CreateScheduleCommandOutput,
  type DeleteScheduleCommandInput,
  type DeleteScheduleCommandOutput,
  type GetScheduleCommandInput,
  type GetScheduleCommandOutput,
  type ListSchedulesCommandInput,
  type ListSchedulesCommandOutput,
  ResourceNotFoundException,
  type SchedulerClient,
  type UpdateScheduleCommandInput,
  type UpdateScheduleCommandOutput,
  ValidationException,
} from '@aws-sdk/client-scheduler';
import { attach } from '../attach.ts';
import type { Clock } from '../clock.ts';
import { type Deliver, LONGEST_MS } from '../events/queue.ts';
import { knownFields } from '../known-fields.ts';
import { isOnce } from './expression.ts';
import { createFiring, firesNext } from './firing.ts';
import { arnOf, idOf, openSchedules, type ScheduleRecord } from './schedules.ts';

type Answer<T> = Promise<Omit<T, '$metadata'>>;

/** A schedule that a capability has from the start, as its stack declares it in the cloud. */
export type DeclaredSchedule = {
  name: string;
  expression: string;
  timezone?: string;
  target: { arn: string; input?: string };
};

const DECLARED = 'declared';
const FIELDS = [
  'Name',
  'GroupName',
  'ScheduleExpression',
  'ScheduleExpressionTimezone',
  'StartDate',
  'EndDate',
  'Description',
  'State',
  'KmsKeyArn',
  'Target',
  'FlexibleTimeWindow',
  'ClientToken',
  'ActionAfterCompletion',
];

const invalid = (Message: string) => new ValidationException({ Message, message: Message, $metadata: {} });

/**
 * EventBridge Scheduler on the laptop: one-time and recurring schedules, on disk. A target is called at least once for
 * a moment that came; moments that passed while nothing ran are made up for by one call. A flexible window fires at its
 * beginning. A one-time schedule in the past fires at once.
 */
export function createScheduler(options: {
  directory: string;
  clock: Clock;
  /** `input` is the target's JSON input, `{}` when the schedule has none. */
  deliver: Deliver;
  onUndelivered?: (schedule: { arn: string; target: string }, error: unknown) => void;
}) {
  const { clock } = options;
  const schedules = openSchedules(join(options.directory, 'scheduler'));
  let turn: Promise<unknown> = Promise.resolve();

  /** Changes of schedules happen one after another. */
  function inTurn<T>(change: () => Promise<T>): Promise<T> {
    const mine = turn.then(change);
    turn = mine.catch(() => {});
    return mine;
  }

  const firing = createFiring({
    clock,
    schedules,
    deliver: options.deliver,
    onUndelivered: options.onUndelivered ?? (() => {}),
    inTurn,
  });

  const changing =
    <I, O>(change: (input: I) => Promise<O>) =>
    (input: I) =>
      inTurn(() => change(input));

  function recordOf(input: CreateScheduleCommandInput, created: number): ScheduleRecord {
    const name = input.Name ?? '';
    if (!/^[0-9a-zA-Z-_.]{1,64}$/.test(name))
      throw invalid('A schedule name has 1 to 64 letters, digits, hyphens, underscores and dots.');
    const { Target: target, FlexibleTimeWindow: window } = input;
    if (!target?.Arn || !target.RoleArn) throw invalid('A schedule has a Target with Arn and RoleArn.');
    knownFields('Scheduler.Target', target, ['Arn', 'RoleArn', 'Input', 'RetryPolicy']);
    if (window?.Mode !== 'OFF' && window?.Mode !== 'FLEXIBLE')
      throw invalid('A schedule has a FlexibleTimeWindow with Mode OFF or FLEXIBLE.');
    try {
      JSON.parse(target.Input ?? '{}');
    } catch {
      throw invalid('The Input of the target is not JSON.');
    }
    const retry = target.RetryPolicy;
    const record: ScheduleRecord = {
      name,
      group: input.GroupName ?? 'default',
      expression: input.ScheduleExpression ?? '',
      timezone: input.ScheduleExpressionTimezone ?? 'UTC',
      ...(input.Description === undefined ? {} : { description: input.Description }),
      state: input.State === 'DISABLED' ? 'DISABLED' : 'ENABLED',
      window: {
        Mode: window.Mode,
        ...(window.MaximumWindowInMinutes ? { MaximumWindowInMinutes: window.MaximumWindowInMinutes } : {}),
      },
      target: {
        arn: target.Arn,
        roleArn: target.RoleArn,
        ...(target.Input === undefined ? {} : { input: target.Input }),
        retries: retry?.MaximumRetryAttempts ?? 185,
        longestMs: (retry?.MaximumEventAgeInSeconds ?? LONGEST_MS / 1000) * 1000,
      },
      ...(input.StartDate ? { startDate: input.StartDate.getTime() } : {}),
      ...(input.EndDate ? { endDate: input.EndDate.getTime() } : {}),
      deleteWhenDone: input.ActionAfterCompletion === 'DELETE',
      ...(input.ClientToken === undefined ? {} : { clientToken: input.ClientToken }),
      created,
      modified: clock.now(),
    };
    let next: number | undefined;
    try {
      next = firesNext(record, isOnce(record.expression) ? 0 : clock.now());
    } catch (error) {
      throw invalid(error instanceof Error ? error.message : String(error));
    }
    return next === undefined ? record : { ...record, next };
  }

  function find(input: { Name?: string | undefined; GroupName?: string | undefined }): ScheduleRecord {
    const record = schedules.records.get(idOf(input.GroupName ?? 'default', input.Name ?? ''));
    if (record) return record;
    const message = `Schedule ${input.Name} does not exist.`;
    throw new ResourceNotFoundException({ message, Message: message, $metadata: {} });
  }

  async function createSchedule(input: CreateScheduleCommandInput): Answer<CreateScheduleCommandOutput> {
    knownFields('Scheduler.CreateSchedule', input, FIELDS);
    const record = recordOf(input, clock.now());
    const existing = schedules.records.get(idOf(record.group, record.name));
    if (existing) {
      if (existing.clientToken !== undefined && existing.clientToken === record.clientToken)
        return { ScheduleArn: arnOf(existing) };
      const message = `Schedule ${record.name} already exists.`;
      throw new ConflictException({ message, Message: message, $metadata: {} });
    }
    await schedules.save(record);
    firing.arm(record);
    return { ScheduleArn: arnOf(record) };
  }

  async function updateSchedule(input: UpdateScheduleCommandInput): Answer<UpdateScheduleCommandOutput> {
    knownFields('Scheduler.UpdateSchedule', input, FIELDS);
    const record = recordOf(input, find(input).created);
    await schedules.save(record);
    firing.arm(record);
    return { ScheduleArn: arnOf(record) };
  }

  async function deleteSchedule(input: DeleteScheduleCommandInput): Answer<DeleteScheduleCommandOutput> {
    knownFields('Scheduler.DeleteSchedule', input, ['Name', 'GroupName', 'ClientToken']);
    const { group, name } = find(input);
    forget(idOf(group, name));
    return {};
  }

  function forget(id: string): void {
    schedules.remove(id);
    firing.disarm(id);
  }

  async function getSchedule(input: GetScheduleCommandInput): Answer<GetScheduleCommandOutput> {
    knownFields('Scheduler.GetSchedule', input, ['Name', 'GroupName']);
    const record = find(input);
    return {
      Arn: arnOf(record),
      Name: record.name,
      GroupName: record.group,
      ScheduleExpression: record.expression,
      ScheduleExpressionTimezone: record.timezone,
      Description: record.description,
      State: record.state,
      StartDate: record.startDate === undefined ? undefined : new Date(record.startDate),
      EndDate: record.endDate === undefined ? undefined : new Date(record.endDate),
      FlexibleTimeWindow: record.window,
      Target: {
        Arn: record.target.arn,
        RoleArn: record.target.roleArn,
        Input: record.target.input,
        RetryPolicy: {
          MaximumRetryAttempts: record.target.retries,
          MaximumEventAgeInSeconds: record.target.longestMs / 1000,
        },
      },
      ActionAfterCompletion: record.deleteWhenDone ? 'DELETE' : 'NONE',
      CreationDate: new Date(record.created),
      LastModificationDate: new Date(record.modified),
    };
  }

  async function listSchedules(input: ListSchedulesCommandInput): Answer<ListSchedulesCommandOutput> {
    knownFields('Scheduler.ListSchedules', input, [
      'GroupName',
      'NamePrefix',
      'State',
      'MaxResults',
      'NextToken',
    ]);
    const after = input.NextToken ? Buffer.from(input.NextToken, 'base64url').toString('utf8') : '';
    const all = [...schedules.records]
      .filter(([id, one]) => id > after && (!input.GroupName || one.group === input.GroupName))
      .filter(
        ([, one]) =>
          one.name.startsWith(input.NamePrefix ?? '') && (!input.State || one.state === input.State),
      )
      .sort(([a], [b]) => (a < b ? -1 : 1));
    const page = all.slice(0, input.MaxResults ?? 100);
    const last = page.at(-1)?.[0];
    return {
      Schedules: page.map(([, record]) => ({
        Arn: arnOf(record),
        Name: record.name,
        GroupName: record.group,
        State: record.state,
        Target: { Arn: record.target.arn },
        CreationDate: new Date(record.created),
        LastModificationDate: new Date(record.modified),
      })),
      ...(last !== undefined && all.length > page.length
        ? { NextToken: Buffer.from(last).toString('base64url') }
        : {}),
    };
  }

  return {
    /** Answers the client's Scheduler calls from here; returns the detacher. */
    attach: (client: SchedulerClient): (() => void) =>
      attach(client, 'Scheduler', {
        CreateSchedule: changing(createSchedule),
        UpdateSchedule: changing(updateSchedule),
        DeleteSchedule: changing(deleteSchedule),
        GetSchedule: getSchedule,
        ListSchedules: listSchedules,
      }),

    /** Makes the declared schedules those of this list: new ones are created, changed ones updated, others removed. */
    declare(declared: readonly DeclaredSchedule[]): Promise<void> {
      return inTurn(async () => {
        const names = new Set(declared.map((one) => one.name));
        for (const [id, one] of schedules.records)
          if (one.group === DECLARED && !names.has(one.name)) forget(id);
        for (const { name, expression, timezone, target } of declared) {
          const existing = schedules.records.get(idOf(DECLARED, name));
          const same =
            existing?.expression === expression &&
            existing.timezone === (timezone ?? 'UTC') &&
            existing.target.arn === target.arn &&
            existing.target.input === target.input;
          if (same) continue;
          const record = recordOf(
            {
              Name: name,
              GroupName: DECLARED,
              ScheduleExpression: expression,
              ScheduleExpressionTimezone: timezone,
              FlexibleTimeWindow: { Mode: 'OFF' },
              Target: {
                Arn: target.arn,
                RoleArn: 'arn:aws:iam::000000000000:role/scheduler',
                Input: target.input,
              },
            },
            existing?.created ?? clock.now(),
          );
          await schedules.save(record);
          firing.arm(record);
        }
      });
    },

    /** Fires what is overdue and arms the rest. */
    async start(): Promise<void> {
      firing.start();
    },
    /** Resolves when no target is being called; retries that wait for their time do not count. */
    async settled(): Promise<void> {
      await firing.settled();
    },
    /** Arms nothing more; a call under way goes on, and is made again at the next start. */
    async stop(): Promise<void> {
      firing.stop();
      await turn;
    },
  };
}

export type Scheduler = ReturnType<typeof createScheduler>;
