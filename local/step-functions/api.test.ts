import {
  CreateActivityCommand,
  DescribeStateMachineCommand,
  GetExecutionHistoryCommand,
  ListExecutionsCommand,
  ListStateMachinesCommand,
  ListStateMachineVersionsCommand,
  RedriveExecutionCommand,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import { afterEach, describe, expect, it } from 'vitest';
import { stateMachineArn } from './arns.ts';
import { createLab, type Lab, type LabOptions, lambda, machine, named, START } from './fixtures/lab.ts';

const labs: Lab[] = [];
const create = async (options: LabOptions) => {
  const lab = await createLab(options);
  labs.push(lab);
  return lab;
};
afterEach(async () => {
  for (const lab of labs.splice(0)) await lab.dispose();
});

const wait = machine({ W: { Type: 'Wait', Seconds: 60, End: true } });

describe('StartExecution', () => {
  it('gives the same running execution for the same name and input, and refuses another input or a closed one', async () => {
    const lab = await create({ definitions: { m: wait } });
    const [first, again] = await Promise.all([lab.start('m', { a: 1 }, 'n'), lab.start('m', { a: 1 }, 'n')]);
    expect(again).toBe(first);
    await expect(lab.start('m', { a: 2 }, 'n')).rejects.toMatchObject({ name: 'ExecutionAlreadyExists' });
    await lab.finish(first);
    await expect(lab.start('m', { a: 1 }, 'n')).rejects.toMatchObject({ name: 'ExecutionAlreadyExists' });
  });

  it('refuses bad input, names and machines with the SDK s exceptions', async () => {
    const lab = await create({ definitions: { m: wait } });
    const start = (input: object) =>
      lab.client.send(new StartExecutionCommand({ stateMachineArn: stateMachineArn('m'), ...input }));
    await expect(start({ input: '{' })).rejects.toMatchObject({ name: 'InvalidExecutionInput' });
    await expect(start({ input: `"${'x'.repeat(262_143)}"` })).rejects.toMatchObject({
      name: 'InvalidExecutionInput',
    });
    await expect(start({ name: 'a b' })).rejects.toMatchObject({ name: 'InvalidName' });
    await expect(start({ stateMachineArn: stateMachineArn('x') })).rejects.toMatchObject({
      name: 'StateMachineDoesNotExist',
    });
    await expect(start({ stateMachineArn: stateMachineArn('m', 9) })).rejects.toMatchObject({
      name: 'StateMachineDoesNotExist',
    });
    await expect(lab.describe('arn:nothing')).rejects.toMatchObject({ name: 'ExecutionDoesNotExist' });
  });
});

describe('reading', () => {
  it('pages histories both ways', async () => {
    const lab = await create({
      definitions: { m: machine({ A: { Type: 'Pass', Next: 'B' }, B: { Type: 'Pass', End: true } }) },
    });
    const { executionArn } = await lab.run('m');
    const ids: number[] = [];
    let nextToken: string | undefined;
    do {
      const page = await lab.client.send(
        new GetExecutionHistoryCommand({ executionArn, maxResults: 2, reverseOrder: true, nextToken }),
      );
      ids.push(...(page.events ?? []).map((event) => event.id ?? 0));
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
    expect(ids).toEqual([6, 5, 4, 3, 2, 1]);
    const bad = lab.client.send(new GetExecutionHistoryCommand({ executionArn, nextToken: 'zzz' }));
    await expect(bad).rejects.toMatchObject({ name: 'InvalidToken' });
    const bare = await lab.client.send(
      new GetExecutionHistoryCommand({ executionArn, includeExecutionData: false }),
    );
    expect(JSON.stringify(bare.events)).not.toContain('"input"');
  });

  it('pages on without repeats while a history grows', async () => {
    const lab = await create({ definitions: { m: wait } });
    const executionArn = await lab.start('m');
    await lab.engine.idle();
    const page = (nextToken?: string) =>
      lab.client.send(
        new GetExecutionHistoryCommand({ executionArn, maxResults: 1, reverseOrder: true, nextToken }),
      );
    const first = await page();
    await lab.finish(executionArn);
    const second = await page(first.nextToken);
    expect([first.events?.[0]?.id, second.events?.[0]?.id]).toEqual([2, 1]);
  });

  it('lists executions by status, newest first, in pages', async () => {
    const lab = await create({ definitions: { m: wait, other: wait } });
    const arns: string[] = [];
    for (const name of ['a', 'b', 'c']) {
      arns.unshift(await lab.start('m', {}, name));
      await lab.clock.advance(1_000);
    }
    await lab.start('other');
    const list = (input: object) =>
      lab.client.send(new ListExecutionsCommand({ stateMachineArn: stateMachineArn('m'), ...input }));
    const first = await list({ maxResults: 2 });
    const second = await list({ maxResults: 2, nextToken: first.nextToken });
    const found = [...(first.executions ?? []), ...(second.executions ?? [])].map(
      (entry) => entry.executionArn,
    );
    expect(found).toEqual(arns);
    await lab.clock.advance(57_500);
    expect((await list({ statusFilter: 'SUCCEEDED' })).executions?.map(({ name }) => name)).toEqual(['a']);
    expect((await list({ statusFilter: 'RUNNING' })).executions?.map(({ name }) => name)).toEqual(['c', 'b']);
  });

  it('describes machines and refuses what it does not have, by name', async () => {
    const lab = await create({ definitions: { m: wait, k: wait } });
    const { stateMachines } = await lab.client.send(new ListStateMachinesCommand({}));
    expect(stateMachines?.map(({ name }) => name)).toEqual(['k', 'm']);
    const described = await lab.client.send(
      new DescribeStateMachineCommand({ stateMachineArn: stateMachineArn('m') }),
    );
    expect(JSON.parse(described.definition ?? '')).toEqual(wait);
    await expect(lab.client.send(new CreateActivityCommand({ name: 'x' }))).rejects.toThrow('CreateActivity');
  });
});

describe('status change events', () => {
  it('are published in AWS s shape, in order, again after a failure to publish', async () => {
    let refusals = 1;
    const lab = await create({
      definitions: { m: machine({ F: { Type: 'Fail', Error: 'E', Cause: 'c' } }) },
      publish: () => {
        if (refusals-- > 0) throw new Error('no bus');
      },
    });
    const arn = await lab.start('m', { a: 1 }, 'n');
    await lab.clock.advance(5_000);
    expect(lab.events.map(({ status }) => status)).toEqual(['RUNNING', 'FAILED']);
    expect(lab.events[1]).toEqual({
      executionArn: arn,
      stateMachineArn: stateMachineArn('m'),
      stateMachineVersionArn: null,
      stateMachineAliasArn: null,
      name: 'n',
      status: 'FAILED',
      startDate: START,
      stopDate: START,
      input: '{"a":1}',
      inputDetails: { included: true },
      output: null,
      outputDetails: null,
      error: 'E',
      cause: 'c',
      redriveCount: 0,
      redriveDate: null,
      redriveStatus: 'REDRIVABLE',
      redriveStatusReason: null,
    });
  });
});

describe('stop and redrive', () => {
  it('stops an execution and its nested ones', async () => {
    const nested = { Type: 'Task', Resource: 'arn:aws:states:::states:startExecution.sync:2', End: true };
    const parent = machine({ N: { ...nested, Arguments: { StateMachineArn: stateMachineArn('child') } } });
    const lab = await create({ definitions: { parent, child: wait } });
    const executionArn = await lab.start('parent');
    await lab.engine.idle();
    await lab.client.send(new StopExecutionCommand({ executionArn, error: 'Why', cause: 'because' }));
    await lab.engine.idle();
    expect(await lab.describe(executionArn)).toMatchObject({
      status: 'ABORTED',
      error: 'Why',
      cause: 'because',
    });
    const { executions } = await lab.client.send(
      new ListExecutionsCommand({ stateMachineArn: stateMachineArn('child') }),
    );
    expect(executions?.map(({ status }) => status)).toEqual(['ABORTED']);
  });

  it('redrives from the state that failed, keeping branches that succeeded', async () => {
    let broken = true;
    const branch = (name: string) => ({ StartAt: name, States: { [name]: lambda(name, {}) } });
    const lab = await create({
      definitions: {
        m: machine({
          First: lambda('first', {}, { Next: 'P' }),
          P: { Type: 'Parallel', Branches: [branch('good'), branch('bad')], End: true },
        }),
      },
      functions: {
        first: () => 1,
        good: () => 'g',
        bad: async () => {
          await new Promise((resolve) => setImmediate(resolve));
          if (broken) throw named('Broken');
          return 'b';
        },
      },
    });
    const executionArn = await lab.start('m');
    expect((await lab.finish(executionArn)).status).toBe('FAILED');
    broken = false;
    await lab.client.send(new RedriveExecutionCommand({ executionArn }));
    expect(await lab.finish(executionArn)).toMatchObject({
      value: ['g', 'b'],
      redriveCount: 1,
      status: 'SUCCEEDED',
    });
    expect(lab.calls.toSorted()).toEqual(['bad', 'bad', 'first', 'good']);
    expect(lab.events.map(({ status }) => status)).toEqual(['RUNNING', 'FAILED', 'RUNNING', 'SUCCEEDED']);
    const again = lab.client.send(new RedriveExecutionCommand({ executionArn }));
    await expect(again).rejects.toMatchObject({ name: 'ExecutionNotRedrivable' });
  });
});

describe('nested executions', () => {
  const nested = (resource: string, more: object = {}) => ({
    Type: 'Task',
    Resource: `arn:aws:states:::states:${resource}`,
    Arguments: { StateMachineArn: stateMachineArn('child'), Input: { n: '{% $states.input.n %}' }, ...more },
    End: true,
  });

  it('startExecution.sync:2 hands on the parsed output, startExecution only the ARN', async () => {
    const child = machine({ C: { Type: 'Pass', Output: { twice: '{% $states.input.n * 2 %}' }, End: true } });
    const lab = await create({
      definitions: {
        sync: machine({ N: nested('startExecution.sync:2') }),
        fire: machine({ N: nested('startExecution') }),
        child,
      },
    });
    expect((await lab.run('sync', { n: 4 })).value).toMatchObject({
      Output: { twice: 8 },
      Input: { n: 4 },
      Status: 'SUCCEEDED',
      StateMachineArn: stateMachineArn('child'),
    });
    expect((await lab.run('fire', { n: 4 })).value).toEqual({
      ExecutionArn: expect.stringContaining(':execution:child:'),
      StartDate: START,
    });
  });

  it('a failed child is States.TaskFailed with its description as the cause', async () => {
    const child = machine({ F: { Type: 'Fail', Error: 'Inner', Cause: 'c' } });
    const lab = await create({ definitions: { m: machine({ N: nested('startExecution.sync:2') }), child } });
    const ended = await lab.run('m', { n: 1 });
    expect(ended.error).toBe('States.TaskFailed');
    expect(JSON.parse(ended.cause ?? '')).toMatchObject({ Status: 'FAILED', Error: 'Inner', Cause: 'c' });
  });

  it('a name that is taken is StepFunctions.ExecutionAlreadyExistsException', async () => {
    const child = machine({ C: { Type: 'Pass', End: true } });
    const lab = await create({
      definitions: { m: machine({ N: nested('startExecution.sync:2', { Name: 'taken' }) }), child },
    });
    await lab.start('child', {}, 'taken');
    expect((await lab.run('m', { n: 1 })).error).toBe('StepFunctions.ExecutionAlreadyExistsException');
  });
});

describe('versions', () => {
  it('an execution ends on the definition it started with, and a version s ARN starts that version', async () => {
    const version = (word: string) =>
      machine({ W: { Type: 'Wait', Seconds: 60, Next: 'P' }, P: { Type: 'Pass', Output: word, End: true } });
    const first = await createLab({ definitions: { m: version('one') } });
    const running = await first.start('m');
    await first.engine.idle();
    await first.engine.stop();
    const lab = await create({
      definitions: { m: version('two') },
      directory: first.directory,
      clock: first.clock,
    });
    expect((await lab.finish(running)).value).toBe('one');
    expect((await lab.run('m')).value).toBe('two');
    const { executionArn = '' } = await lab.client.send(
      new StartExecutionCommand({ stateMachineArn: stateMachineArn('m', 1) }),
    );
    expect(await lab.finish(executionArn)).toMatchObject({
      value: 'one',
      stateMachineVersionArn: stateMachineArn('m', 1),
    });
    expect(lab.engine.versionArn('m')).toBe(stateMachineArn('m', 2));
    const listed = await lab.client.send(
      new ListStateMachineVersionsCommand({ stateMachineArn: stateMachineArn('m') }),
    );
    expect(listed.stateMachineVersions?.length).toBe(2);
  });

  it('a restart with the same definition publishes no new version', async () => {
    const first = await createLab({ definitions: { m: wait } });
    await first.engine.stop();
    const lab = await create({ definitions: { m: wait }, directory: first.directory });
    expect(lab.engine.versionArn('m')).toBe(stateMachineArn('m', 1));
  });
});
