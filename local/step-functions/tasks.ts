import { randomBytes, randomUUID } from 'node:crypto';
import { REGION } from './arns.ts';
import { keyOf } from './catalogue.ts';
import type { Task } from './definition.ts';
import { StateFailure, toPayload } from './failure.ts';
import { runLambda, runLambdaForToken } from './lambda-task.ts';
import { runNested } from './nested-task.ts';
import { evaluateField, evaluateNumber, type Position, record } from './run.ts';
import { resourceOf } from './task-records.ts';

/** AWS's default TimeoutSeconds of a Task. */
const DEFAULT_TIMEOUT_SECONDS = 99_999_999;

const TOKEN = /^([0-9a-f]{32})\.[A-Za-z0-9_-]{32}$/;

/** The execution a task token belongs to, by key; undefined for anything that is no token of ours. */
export function executionKeyOf(token: string): string | undefined {
  return TOKEN.exec(token)?.[1];
}

/**
 * A Task: scheduled (on record, with its arguments), then done. After a crash a scheduled task is done again
 * (at least once), unless its token was already handed over or its child execution started.
 */
export async function runTask(position: Position, state: Task): Promise<void> {
  if (position.frame.phase.at !== 'task') await schedule(position, state);
  const { phase } = position.frame;
  if (phase.at !== 'task') return;
  if (state.Resource.includes(':states:::states:')) return runNested(position, state, phase);
  return phase.token === undefined
    ? runLambda(position, state, phase)
    : runLambdaForToken(position, state, phase);
}

async function schedule(position: Position, state: Task): Promise<void> {
  const { frame, host, run } = position;
  const waits = state.Resource.endsWith('.waitForTaskToken');
  const token = waits ? `${keyOf(run.entry.arn)}.${randomBytes(24).toString('base64url')}` : undefined;
  const extras = { token };
  // Sound: evaluating an object of templates gives an object with the same keys.
  const args = (await evaluateField(position, 'Arguments', state.Arguments, extras)) as Record<
    string,
    unknown
  >;
  const role =
    state.Credentials && (await evaluateField(position, 'Credentials', state.Credentials.RoleArn, extras));
  if (role !== undefined && typeof role !== 'string') {
    throw new StateFailure(
      'States.QueryEvaluationError',
      "The field 'Credentials' expected the text of a role ARN",
    );
  }
  const timeout = await evaluateNumber(
    position,
    'TimeoutSeconds',
    state.TimeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS,
    1,
  );
  const heartbeat =
    state.HeartbeatSeconds === undefined
      ? undefined
      : await evaluateNumber(position, 'HeartbeatSeconds', state.HeartbeatSeconds, 1);
  const parameters = toPayload(args, `The arguments of state '${frame.state}'`);
  record(position, {
    patch: {
      phase: {
        at: 'task',
        arguments: args,
        timeoutMs: timeout * 1_000,
        scheduledAt: host.clock.now(),
        ...(role !== undefined && { roleArn: role }),
        ...(heartbeat !== undefined && { heartbeatMs: heartbeat * 1_000 }),
        ...(token !== undefined && { token }),
        ...(state.Resource.includes(':states:::states:') && {
          childName: typeof args.Name === 'string' ? args.Name : randomUUID(),
        }),
      },
    },
    event: {
      type: 'TaskScheduled',
      taskScheduledEventDetails: {
        ...resourceOf(state),
        region: REGION,
        parameters,
        ...(state.TimeoutSeconds !== undefined && { timeoutInSeconds: timeout }),
        ...(heartbeat !== undefined && { heartbeatInSeconds: heartbeat }),
        ...(role !== undefined && { taskCredentials: { roleArn: role } }),
      },
    },
  });
}
