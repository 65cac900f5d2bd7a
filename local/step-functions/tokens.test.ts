import {
  SendTaskFailureCommand,
  SendTaskHeartbeatCommand,
  SendTaskSuccessCommand,
} from '@aws-sdk/client-sfn';
import { afterEach, describe, expect, it } from 'vitest';
import { createLab, type Lab, lambda, machine, START } from './fixtures/lab.ts';

const waiting = (more: object = {}) =>
  lambda(
    'ask',
    { token: '{% $states.context.Task.Token %}' },
    {
      Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken',
      Output: '{% $states.result %}',
      TimeoutSeconds: 3_600,
      ...more,
    },
  );

let lab: Lab;
let tokens: string[];
const create = async (states: Record<string, object>, ask?: (token: string) => unknown) => {
  tokens = [];
  lab = await createLab({
    definitions: { m: machine(states) },
    functions: {
      ask: ({ token }: { token: string }) => {
        tokens.push(token);
        return ask?.(token);
      },
    },
  });
};
const begin = async () => {
  const arn = await lab.start('m');
  await lab.engine.idle();
  return arn;
};
const succeed = (taskToken: string | undefined, output: string) =>
  lab.client.send(new SendTaskSuccessCommand({ taskToken, output }));
afterEach(() => lab.dispose());

describe('tasks that wait for a token', () => {
  it('go on with what SendTaskSuccess gives, after AWS-shaped events', async () => {
    await create({ T: waiting() });
    const arn = await begin();
    await succeed(tokens[0], '{"approved":true}');
    expect((await lab.finish(arn)).value).toEqual({ approved: true });
    expect(await lab.types(arn)).toEqual([
      'ExecutionStarted',
      'TaskStateEntered',
      'TaskScheduled',
      'TaskStarted',
      'TaskSubmitted',
      'TaskSucceeded',
      'TaskStateExited',
      'ExecutionSucceeded',
    ]);
  });

  it('accept the token while the function that got it still runs', async () => {
    await create({ T: waiting() }, (token) => succeed(token, '1'));
    expect((await lab.run('m')).value).toBe(1);
  });

  it('fail with SendTaskFailure s error', async () => {
    await create({
      T: waiting({ Catch: [{ ErrorEquals: ['Rejected'], Next: 'Done' }] }),
      Done: { Type: 'Succeed' },
    });
    const arn = await begin();
    await lab.client.send(
      new SendTaskFailureCommand({ taskToken: tokens[0], error: 'Rejected', cause: 'no' }),
    );
    expect((await lab.finish(arn)).value).toEqual({ Error: 'Rejected', Cause: 'no' });
  });

  it('fail when the function fails', async () => {
    await create({ T: waiting() }, () =>
      Promise.reject(Object.assign(new Error('x'), { name: 'AskFailed' })),
    );
    expect(await lab.run('m')).toMatchObject({ status: 'FAILED', error: 'AskFailed' });
  });

  it('time out without heartbeats, which States.Timeout catches as well', async () => {
    const done = { Done: { Type: 'Succeed', Output: '{% [$states.input.Error, $millis()] %}' } };
    await create({
      T: waiting({ HeartbeatSeconds: 60, Catch: [{ ErrorEquals: ['States.Timeout'], Next: 'Done' }] }),
      ...done,
    });
    const arn = await begin();
    await lab.clock.advance(50_000);
    await lab.client.send(new SendTaskHeartbeatCommand({ taskToken: tokens[0] }));
    await lab.clock.advance(50_000);
    expect((await lab.describe(arn)).status).toBe('RUNNING');
    expect((await lab.finish(arn)).value).toEqual(['States.HeartbeatTimeout', START + 110_000]);
  });

  it('time out at TimeoutSeconds from the scheduling, and refuse the token then', async () => {
    await create({ T: waiting({ TimeoutSeconds: 100 }) });
    const arn = await begin();
    expect(await lab.finish(arn)).toMatchObject({ status: 'FAILED', error: 'States.Timeout' });
    await expect(succeed(tokens[0], '1')).rejects.toMatchObject({ name: 'TaskTimedOut' });
  });

  it('refuse tokens twice used, unknown or misshapen, and outputs that are no JSON', async () => {
    await create({ T: waiting() });
    const arn = await begin();
    await expect(succeed(tokens[0], '{')).rejects.toMatchObject({ name: 'InvalidOutput' });
    await expect(succeed(tokens[0], `"${'x'.repeat(262_144)}"`)).rejects.toMatchObject({
      name: 'InvalidOutput',
    });
    await succeed(tokens[0], '1');
    await expect(succeed(tokens[0], '2')).rejects.toMatchObject({ name: 'TaskTimedOut' });
    await expect(succeed('nonsense', '2')).rejects.toMatchObject({ name: 'InvalidToken' });
    const foreign = `${'0'.repeat(32)}.${'a'.repeat(32)}`;
    await expect(succeed(foreign, '2')).rejects.toMatchObject({ name: 'TaskDoesNotExist' });
    expect((await lab.finish(arn)).value).toBe(1);
  });

  it('give a retried task a new token, and close the token of a branch that was stopped', async () => {
    await create({
      P: {
        Type: 'Parallel',
        Branches: [
          { StartAt: 'T', States: { T: waiting() } },
          {
            StartAt: 'W',
            States: { W: { Type: 'Wait', Seconds: 5, Next: 'F' }, F: { Type: 'Fail', Error: 'E' } },
          },
        ],
        Retry: [{ ErrorEquals: ['E'], MaxAttempts: 1 }],
        End: true,
      },
    });
    const arn = await begin();
    await lab.clock.advance(5_000);
    await expect(succeed(tokens[0], '1')).rejects.toMatchObject({ name: 'TaskTimedOut' });
    await lab.clock.advance(1_000);
    expect(tokens.length).toBe(2);
    expect(tokens[0]).not.toBe(tokens[1]);
    expect(await lab.finish(arn)).toMatchObject({ status: 'FAILED', error: 'E' });
  });
});
