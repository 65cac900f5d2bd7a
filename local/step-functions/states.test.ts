import { afterEach, describe, expect, it } from 'vitest';
import { createLab, type Lab, type LabOptions, lambda, machine, named, START } from './fixtures/lab.ts';

const labs: Lab[] = [];
const lab = async (options: LabOptions): Promise<Lab> => {
  const made = await createLab(options);
  labs.push(made);
  return made;
};
/** Runs one machine called `m`. */
const run = async (
  states: Record<string, object>,
  options: Partial<LabOptions> & { input?: unknown } = {},
) => {
  const { input, ...rest } = options;
  const made = await lab({ definitions: { m: machine(states) }, ...rest });
  return { ...(await made.run('m', input)), lab: made };
};
afterEach(async () => {
  for (const made of labs.splice(0)) await made.dispose();
});

describe('Pass, Choice, Succeed, Fail, Wait', () => {
  it('passes input through, shapes output and keeps variables until they are needed', async () => {
    const { value, status } = await run(
      {
        A: {
          Type: 'Pass',
          Assign: { n: '{% $states.input.a * 2 %}' },
          Output: { seen: '{% $states.input.a %}' },
          Next: 'B',
        },
        B: { Type: 'Pass', Next: 'C' },
        C: { Type: 'Succeed', Output: { n: '{% $n %}', input: '{% $states.input %}' } },
      },
      { input: { a: 21 } },
    );
    expect(status).toBe('SUCCEEDED');
    expect(value).toEqual({ n: 42, input: { seen: 21 } });
  });

  it('evaluates Output and Assign of one state with the variables it was entered with', async () => {
    const { value } = await run({
      A: { Type: 'Pass', Assign: { n: 1 }, Next: 'B' },
      B: { Type: 'Pass', Assign: { n: '{% $n + 1 %}', m: '{% $n %}' }, Output: '{% $n %}', Next: 'C' },
      C: { Type: 'Pass', Output: ['{% $states.input %}', '{% $n %}', '{% $m %}'], End: true },
    });
    expect(value).toEqual([1, 2, 1]);
  });

  it('takes the first true rule with its own Output and Assign, else Default with the state s own', async () => {
    const states = {
      Pick: {
        Type: 'Choice',
        Choices: [
          { Condition: '{% $states.input.n > 10 %}', Next: 'End', Output: 'big', Assign: { by: 'rule 1' } },
          { Condition: '{% $states.input.n > 5 %}', Next: 'End', Assign: { by: 'rule 2' } },
        ],
        Default: 'End',
        Output: 'small',
        Assign: { by: 'default' },
      },
      End: { Type: 'Pass', Output: ['{% $states.input %}', '{% $by %}'], End: true },
    };
    const made = await lab({ definitions: { m: machine(states) } });
    expect((await made.run('m', { n: 11 })).value).toEqual(['big', 'rule 1']);
    expect((await made.run('m', { n: 6 })).value).toEqual([{ n: 6 }, 'rule 2']);
    expect((await made.run('m', { n: 1 })).value).toEqual(['small', 'default']);
  });

  it('fails when no rule matches, and when a condition is no boolean', async () => {
    const choice = (condition: string) => ({
      Pick: { Type: 'Choice', Choices: [{ Condition: condition, Next: 'End' }] },
      End: { Type: 'Succeed' },
    });
    expect(await run(choice('{% false %}'))).toMatchObject({
      status: 'FAILED',
      error: 'States.NoChoiceMatched',
    });
    expect(await run(choice('{% 1 %}'))).toMatchObject({
      status: 'FAILED',
      error: 'States.QueryEvaluationError',
    });
  });

  it('fails with the error and cause of a Fail state, evaluated', async () => {
    const fail = { F: { Type: 'Fail', Error: "{% 'My' & 'Error' %}", Cause: '{% $states.input.why %}' } };
    const ended = await run(fail, { input: { why: 'because' } });
    expect(ended).toMatchObject({ status: 'FAILED', error: 'MyError', cause: 'because' });
    expect(await ended.lab.types(ended.executionArn ?? '')).toEqual([
      'ExecutionStarted',
      'FailStateEntered',
      'ExecutionFailed',
    ]);
  });

  it('waits seconds and until a time, also worked out by expressions', async () => {
    const { value, lab: made } = await run({
      A: { Type: 'Wait', Seconds: '{% 2 + 3 %}', Next: 'B' },
      B: { Type: 'Wait', Timestamp: '2026-01-01T01:00:00Z', Next: 'C' },
      C: { Type: 'Wait', Timestamp: '2025-01-01T01:00:00Z', Next: 'D' },
      D: { Type: 'Pass', Output: '{% $millis() %}', End: true },
    });
    expect(value).toBe(START + 3_600_000);
    expect(made.clock.pending).toBe(0);
  });

  it('gives the context object its AWS names', async () => {
    const made = await lab({
      definitions: { m: machine({ A: { Type: 'Pass', Output: '{% $states.context %}', End: true } }) },
    });
    const arn = await made.start('m', { x: 1 }, 'first');
    const { value } = await made.finish(arn);
    expect(value).toEqual({
      Execution: {
        Id: arn,
        Input: { x: 1 },
        Name: 'first',
        RoleArn: expect.stringContaining('role/'),
        StartTime: '2026-01-01T00:00:00.000Z',
        RedriveCount: 0,
      },
      State: { EnteredTime: '2026-01-01T00:00:00.000Z', Name: 'A', RetryCount: 0 },
      StateMachine: { Id: expect.stringContaining(':stateMachine:m'), Name: 'm' },
    });
  });

  it('records AWS-shaped history', async () => {
    const ended = await run({ A: { Type: 'Pass', Assign: { v: [1] }, End: true } }, { input: { a: 1 } });
    const history = await ended.lab.history(ended.executionArn ?? '');
    expect(history.map(({ id, previousEventId, type }) => [id, previousEventId, type])).toEqual([
      [1, 0, 'ExecutionStarted'],
      [2, 1, 'PassStateEntered'],
      [3, 2, 'PassStateExited'],
      [4, 3, 'ExecutionSucceeded'],
    ]);
    expect(history[2]?.stateExitedEventDetails).toEqual({
      name: 'A',
      output: '{"a":1}',
      outputDetails: { truncated: false },
      assignedVariables: { v: '[1]' },
      assignedVariablesDetails: { truncated: false },
    });
    expect(history[0]?.timestamp).toEqual(new Date(START));
  });
});

describe('tasks', () => {
  it('gives the function its payload, timeout and role, and the state the whole answer', async () => {
    const seen: unknown[] = [];
    const task = lambda(
      'arn:aws:lambda:us-east-1:000000000000:function:f:7',
      { a: '{% $states.input.a %}' },
      {
        Output: '{% $states.result %}',
        TimeoutSeconds: '{% 10 + 2 %}',
        Credentials: { RoleArn: "{% 'arn:aws:iam::1:role/' & $states.input.a %}" },
      },
    );
    const { value } = await run(
      { T: task },
      {
        input: { a: 'x' },
        functions: {
          'arn:aws:lambda:us-east-1:000000000000:function:f:7': (payload, options) => {
            seen.push([payload, options]);
            return { ok: true };
          },
        },
      },
    );
    expect(seen).toEqual([[{ a: 'x' }, { timeoutMs: 12_000, roleArn: 'arn:aws:iam::1:role/x' }]]);
    expect(value).toEqual({ ExecutedVersion: '7', Payload: { ok: true }, StatusCode: 200 });
  });

  it('records a task as AWS does', async () => {
    const ended = await run({ T: lambda('f', {}) }, { functions: { f: () => 1 } });
    const history = await ended.lab.history(ended.executionArn ?? '');
    expect(history.map(({ type }) => type)).toEqual([
      'ExecutionStarted',
      'TaskStateEntered',
      'TaskScheduled',
      'TaskStarted',
      'TaskSucceeded',
      'TaskStateExited',
      'ExecutionSucceeded',
    ]);
    expect(history[2]?.taskScheduledEventDetails).toEqual({
      resourceType: 'lambda',
      resource: 'invoke',
      region: 'us-east-1',
      parameters: '{"FunctionName":"f","Payload":{}}',
    });
  });

  it('fails with the function s error name, and its error object as the cause', async () => {
    const ended = await run(
      { T: lambda('f', {}) },
      { functions: { f: () => Promise.reject(named('ChunkRefused', 'no')) } },
    );
    expect(ended).toMatchObject({ status: 'FAILED', error: 'ChunkRefused' });
    expect(JSON.parse(ended.cause ?? '')).toEqual({
      errorMessage: 'no',
      errorType: 'ChunkRefused',
      trace: [],
    });
  });

  it('names a function that is not there as AWS does', async () => {
    expect(await run({ T: lambda('nowhere', {}) })).toMatchObject({
      error: 'Lambda.ResourceNotFoundException',
    });
  });

  it('retries with growing, capped delays, counting each retrier apart', async () => {
    const at: number[] = [];
    let made: Lab | undefined;
    const names = ['A', 'A', 'A', 'B', 'B', 'A'];
    const states = {
      T: lambda(
        'f',
        { retry: '{% $states.context.State.RetryCount %}' },
        {
          Retry: [
            { ErrorEquals: ['A'], IntervalSeconds: 2, BackoffRate: 3, MaxDelaySeconds: 10, MaxAttempts: 3 },
            { ErrorEquals: ['States.ALL'], MaxAttempts: 2 },
          ],
        },
      ),
    };
    made = await lab({
      definitions: { m: machine(states) },
      functions: {
        f: ({ retry }: { retry: number }) => {
          at.push((made?.clock.now() ?? 0) - START);
          expect(retry).toBe(at.length - 1);
          return Promise.reject(named(names[at.length - 1] ?? 'none'));
        },
      },
    });
    expect(await made.run('m')).toMatchObject({ status: 'FAILED', error: 'A' });
    expect(at).toEqual([0, 2_000, 8_000, 18_000, 19_000, 21_000]);
  });

  it('draws full jitter between 0 and the delay', async () => {
    let attempts = 0;
    const retry = {
      ErrorEquals: ['States.ALL'],
      IntervalSeconds: 10,
      JitterStrategy: 'FULL',
      MaxAttempts: 1,
    };
    const ended = await run(
      { T: lambda('f', {}, { Retry: [retry], Output: '{% $millis() %}' }) },
      { random: () => 0.25, functions: { f: () => (++attempts === 1 ? Promise.reject(named('X')) : 1) } },
    );
    expect(ended.value).toBe(START + 2_500);
  });

  it('catches: the error output is the next input, or what Output makes of it; Assign sees it too', async () => {
    const states = {
      T: lambda(
        'f',
        {},
        {
          Next: 'Done',
          Catch: [
            { ErrorEquals: ['Other'], Next: 'Done' },
            {
              ErrorEquals: ['States.TaskFailed'],
              Next: 'Done',
              Output: { was: '{% $states.errorOutput.Error %}', input: '{% $states.input %}' },
              Assign: { cause: '{% $parse($states.errorOutput.Cause).errorMessage %}' },
            },
          ],
        },
      ),
      Done: {
        Type: 'Pass',
        Output: ['{% $states.input %}', '{% $exists($cause) ? $cause : null %}'],
        End: true,
      },
    };
    const made = await lab({
      definitions: { m: machine(states) },
      functions: { f: () => Promise.reject(named(names.shift() ?? '', 'why')) },
    });
    const names = ['Other', 'Mine'];
    const first = await made.run('m', 1);
    expect(first.value).toEqual([{ Error: 'Other', Cause: expect.stringContaining('why') }, null]);
    expect((await made.run('m', 1)).value).toEqual([{ was: 'Mine', input: 1 }, 'why']);
  });

  it('times out at TimeoutSeconds, retries that, and does not look at the late answer', async () => {
    const answers: Array<(value: unknown) => void> = [];
    const made = await lab({
      definitions: {
        m: machine({
          T: lambda(
            'f',
            {},
            {
              TimeoutSeconds: 5,
              Retry: [{ ErrorEquals: ['States.Timeout'], MaxAttempts: 1 }],
              Catch: [
                { ErrorEquals: ['States.TaskFailed'], Next: 'Wrong' },
                { ErrorEquals: ['States.ALL'], Next: 'Done' },
              ],
            },
          ),
          Wrong: { Type: 'Fail' },
          Done: { Type: 'Succeed', Output: '{% $states.input.Error %}' },
        }),
      },
      functions: { f: () => new Promise((resolve) => answers.push(resolve)) },
    });
    const arn = await made.start('m');
    await made.clock.advance(5_000);
    answers[0]?.('late');
    await made.clock.advance(6_000);
    expect(answers.length).toBe(2);
    const ended = await made.describe(arn);
    expect(ended).toMatchObject({ status: 'SUCCEEDED', output: '"States.Timeout"' });
    expect((await made.types(arn)).filter((type) => type === 'TaskTimedOut').length).toBe(2);
  });

  it('treats a failing Output expression as the state s error: retried, caught, and on record', async () => {
    const states = {
      T: lambda(
        'f',
        {},
        {
          Output: '{% $states.result.Payload.missing %}',
          Retry: [{ ErrorEquals: ['States.QueryEvaluationError'], MaxAttempts: 1 }],
          Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Done' }],
        },
      ),
      Done: { Type: 'Succeed', Output: '{% $states.input.Error %}' },
    };
    const ended = await run(states, { functions: { f: () => ({}) } });
    expect(ended.value).toBe('States.QueryEvaluationError');
    expect(ended.lab.calls).toEqual(['f', 'f']);
    expect(await ended.lab.types(ended.executionArn ?? '')).toContain('EvaluationFailed');
  });

  it('fails with States.DataLimitExceeded past 256 KiB, which States.ALL does not catch but its name does', async () => {
    const states = (error: string) => ({
      T: lambda('f', {}, { Catch: [{ ErrorEquals: [error], Next: 'Done' }] }),
      Done: { Type: 'Succeed', Output: 'caught' },
    });
    const functions = { f: () => 'ä'.repeat(131_072) };
    expect(await run(states('States.ALL'), { functions })).toMatchObject({
      status: 'FAILED',
      error: 'States.DataLimitExceeded',
    });
    expect((await run(states('States.DataLimitExceeded'), { functions })).value).toBe('caught');
  });
});

describe('Parallel and Map', () => {
  it('runs branches at once; outer variables are read, inner ones die', async () => {
    const branch = (name: string, output: string) => ({
      StartAt: `${name}1`,
      States: {
        [`${name}1`]: { Type: 'Pass', Assign: { mine: name }, Next: `${name}2` },
        [`${name}2`]: { Type: 'Wait', Seconds: 10, Output: output, End: true },
      },
    });
    const ended = await run(
      {
        Before: { Type: 'Pass', Assign: { shared: 7 }, Next: 'P' },
        P: {
          Type: 'Parallel',
          Arguments: { given: '{% $states.input.x %}' },
          Branches: [branch('a', '{% $mine & $shared %}'), branch('b', '{% $mine & $states.input.given %}')],
          Assign: { both: '{% $states.result %}' },
          Next: 'After',
        },
        After: {
          Type: 'Pass',
          Output: ['{% $both %}', '{% $exists($mine) %}', '{% $millis() %}'],
          End: true,
        },
      },
      { input: { x: 9 } },
    );
    expect(ended.value).toEqual([['a7', 'b9'], false, START + 10_000]);
  });

  it('a failing branch stops the others and is the state s error', async () => {
    let late = 0;
    const ended = await run(
      {
        P: {
          Type: 'Parallel',
          Branches: [
            { StartAt: 'Bad', States: { Bad: { Type: 'Fail', Error: 'Boom', Cause: 'b' } } },
            { StartAt: 'W', States: { W: { Type: 'Wait', Seconds: 5, Next: 'L' }, L: lambda('late', {}) } },
          ],
          Catch: [{ ErrorEquals: ['Boom'], Next: 'Done' }],
          End: true,
        },
        Done: { Type: 'Wait', Seconds: 60, End: true },
      },
      { functions: { late: () => ++late } },
    );
    expect(ended.value).toEqual({ Error: 'Boom', Cause: 'b' });
    expect(late).toBe(0);
    expect(await ended.lab.types(ended.executionArn ?? '')).toContain('ParallelStateFailed');
  });

  it('maps items in order, at most MaxConcurrency at a time, with the item in the context', async () => {
    let running = 0;
    let most = 0;
    const ended = await run(
      {
        M: {
          Type: 'Map',
          Items: '{% $states.input.list %}',
          MaxConcurrency: 2,
          ItemSelector: {
            v: '{% $states.context.Map.Item.Value %}',
            i: '{% $states.context.Map.Item.Index %}',
            all: '{% $count($states.input.list) %}',
          },
          ItemProcessor: {
            StartAt: 'In',
            States: {
              In: {
                Type: 'Parallel',
                Branches: [
                  {
                    StartAt: 'T',
                    States: {
                      T: lambda('f', {
                        sum: '{% $states.input.v + $states.input.all %}',
                        deep: '{% $states.context.Map.Item.Index %}',
                      }),
                    },
                  },
                ],
                Output: '{% $states.result[0] %}',
                End: true,
              },
            },
          },
          End: true,
        },
      },
      {
        input: { list: [10, 20, 30, 40, 50] },
        functions: {
          f: async ({ sum, deep }: { sum: number; deep: number }) => {
            running += 1;
            most = Math.max(most, running);
            await new Promise((resolve) => setImmediate(resolve));
            running -= 1;
            return [deep, sum];
          },
        },
      },
    );
    expect(ended.value).toEqual([
      [0, 15],
      [1, 25],
      [2, 35],
      [3, 45],
      [4, 55],
    ]);
    expect(most).toBe(2);
    const types = await ended.lab.types(ended.executionArn ?? '');
    expect(types.filter((type) => type === 'MapIterationSucceeded').length).toBe(5);
  });

  it('retries a Map as a whole and gives an empty list for no items', async () => {
    let calls = 0;
    const map = {
      Type: 'Map',
      ItemProcessor: { StartAt: 'T', States: { T: lambda('f', '{% $states.input %}') } },
      Retry: [{ ErrorEquals: ['Flaky'], MaxAttempts: 1 }],
      End: true,
    };
    const made = await lab({
      definitions: { m: machine({ M: map }) },
      functions: { f: (n: number) => (++calls === 2 ? Promise.reject(named('Flaky')) : n) },
    });
    const ended = await made.run('m', [1, 2, 3]);
    expect(ended.value).toEqual([1, 2, 3]);
    const types = await made.types(ended.executionArn ?? '');
    expect(types.filter((type) => type === 'MapIterationFailed').length).toBe(1);
    expect(types.filter((type) => type === 'MapStateFailed').length).toBe(1);
    expect((await made.run('m', [])).value).toEqual([]);
    expect(await made.run('m', { no: 'list' })).toMatchObject({ error: 'States.QueryEvaluationError' });
  });
});

describe('limits', () => {
  it('ends an execution at 25,000 events, which no Catch sees', async () => {
    const ended = await run({
      P: {
        Type: 'Parallel',
        Branches: [
          {
            StartAt: 'Again',
            States: {
              Again: {
                Type: 'Choice',
                Choices: [{ Condition: '{% true %}', Next: 'Again' }],
                Default: 'Never',
              },
              Never: { Type: 'Succeed' },
            },
          },
        ],
        Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Done' }],
        End: true,
      },
      Done: { Type: 'Succeed' },
    });
    expect(ended).toMatchObject({
      status: 'FAILED',
      error: 'States.Runtime',
      cause: expect.stringContaining('25000'),
    });
    const events = await ended.lab.history(ended.executionArn ?? '');
    expect(events.length).toBe(1_000);
  });

  it('ends an execution at its TimeoutSeconds', async () => {
    const states = { W: { Type: 'Wait', Seconds: 100, End: true } };
    const made = await lab({ definitions: { m: machine(states, { TimeoutSeconds: 60 }) } });
    const ended = await made.run('m');
    expect(ended.status).toBe('TIMED_OUT');
    expect(made.clock.now()).toBe(START + 60_000);
    expect((await made.types(ended.executionArn ?? '')).at(-1)).toBe('ExecutionTimedOut');
  });
});
