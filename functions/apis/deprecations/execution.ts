import { ConflictException, CreateScheduleCommand } from '@aws-sdk/client-scheduler';
import type { ExecutionStatus } from '@aws-sdk/client-sfn';
import { scheduler } from '#platform/clients.ts';
import { environmentVariable } from '#platform/environment.ts';
import { startOnce, statusOf } from '#platform/executions.ts';
import { ExecutionSuperseded } from '../errors.ts';
import { type Change, changeDeprecation } from './deprecation-store.ts';
import type { DeprecationRecord } from './records.ts';

// A deprecation lives for years, an execution for minutes: each ends by saying when the next is to begin. The record names
// that next one, and a one-time schedule starts it; a person's action starts it at once.

const stateMachineArn = () => environmentVariable('API_DEPRECATION_STATE_MACHINE_ARN');

type Execution = DeprecationRecord['execution'];

/** The execution after this one. `startsAt` is ISO; null: when a person acts. */
export const nextExecution = (
  { id, execution }: Pick<DeprecationRecord, 'id' | 'execution'>,
  startsAt: string | null,
): Execution => {
  const attempt = execution.attempt + 1;
  return { attempt, name: `${id}-${attempt}`, startsAt };
};

export const firstExecution = (id: string, startsAt: string): Execution =>
  nextExecution({ id, execution: { attempt: 0, name: '', startsAt: null } }, startsAt);

/** The deprecation an execution works for, by its name; undefined when it is not one of ours. */
export const deprecationOfExecution = (name: string): string | undefined =>
  /^(dpr_[A-Za-z0-9]{1,40})-\d+$/.exec(name)?.[1];

/** Throws ExecutionSuperseded unless the record names this execution as the one that acts. */
export function assertActs({ id, execution }: DeprecationRecord, name: string): void {
  if (execution.name === name) return;
  throw new ExecutionSuperseded(`${name} acts no longer for ${id}`, {
    evidence: { acts: execution.name, found: name },
    action: 'Nothing: the other execution goes on.',
  });
}

export interface Acting {
  deprecationId: string;
  execution: string;
}

/** Changes the record for the execution that acts. Throws ExecutionSuperseded. */
export const changeActing = (
  { deprecationId, execution }: Acting,
  decide: (record: DeprecationRecord) => Change | undefined,
): Promise<DeprecationRecord> =>
  changeDeprecation(deprecationId, (record) => {
    assertActs(record, execution);
    return decide(record);
  });

/** Starts the execution that the record names, once: a second start of the same name finds the first. */
export async function startNamed({
  id,
  execution,
}: Pick<DeprecationRecord, 'id' | 'execution'>): Promise<void> {
  await startOnce(stateMachineArn(), execution.name, { deprecationId: id });
}

/**
 * Makes the schedule that wakes the deprecation, once. It calls the reconciler, since a schedule can give the executions it
 * starts no names: what acts then is what the record names then.
 */
export async function scheduleNamed(record: Pick<DeprecationRecord, 'id' | 'execution'>): Promise<void> {
  const { startsAt, name } = record.execution;
  if (startsAt === null) return;
  // Schedules know whole seconds; the reconciler does nothing before its time.
  const second = new Date(Math.ceil(Date.parse(startsAt) / 1_000) * 1_000).toISOString().slice(0, 19);
  try {
    await scheduler().send(
      new CreateScheduleCommand({
        Name: name,
        GroupName: environmentVariable('SCHEDULE_GROUP'),
        ScheduleExpression: `at(${second})`,
        ScheduleExpressionTimezone: 'UTC',
        FlexibleTimeWindow: { Mode: 'OFF' },
        ActionAfterCompletion: 'DELETE',
        Target: {
          Arn: environmentVariable('APIS_RECONCILE_DEPRECATIONS_FUNCTION'),
          RoleArn: environmentVariable('SCHEDULER_ROLE_ARN'),
          Input: JSON.stringify({ deprecationId: record.id }),
        },
      }),
    );
  } catch (error) {
    // An earlier run made it.
    if (!(error instanceof ConflictException)) throw error;
  }
}

/** How the execution of the record stands; undefined when it never began. */
export const executionStatus = ({
  execution,
}: Pick<DeprecationRecord, 'execution'>): Promise<ExecutionStatus | undefined> =>
  statusOf(stateMachineArn(), execution);
