import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SendTaskSuccessCommand } from '@aws-sdk/client-sfn';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { virtualClock } from '../clock.ts';
import { stateMachineArn } from './arns.ts';
import { createLab, type Lab, lambda, machine, named, START } from './fixtures/lab.ts';

const temporary: string[] = [];
const copyOf = (directory: string): string => {
  const copy = mkdtempSync(join(tmpdir(), 'theseus-sfn-'));
  cpSync(directory, copy, { recursive: true });
  temporary.push(copy);
  return copy;
};
afterEach(() => {
  for (const directory of temporary.splice(0)) rmSync(directory, { recursive: true, force: true });
});

/** A Map whose items fail twice before they work, a Wait, a task that waits for its token, and states that are passed. */
const everything = machine({
  Set: { Type: 'Pass', Assign: { factor: 10 }, Next: 'Both' },
  Both: {
    Type: 'Parallel',
    Branches: [
      {
        StartAt: 'Each',
        States: {
          Each: {
            Type: 'Map',
            Items: '{% $states.input.list %}',
            MaxConcurrency: 2,
            ItemProcessor: {
              StartAt: 'Times',
              States: {
                Times: lambda(
                  'flaky',
                  { n: '{% $states.input * $factor %}', retry: '{% $states.context.State.RetryCount %}' },
                  {
                    Retry: [{ ErrorEquals: ['Flaky'], MaxAttempts: 2, IntervalSeconds: 3 }],
                    Assign: { own: '{% $states.result.Payload %}' },
                    Next: 'Keep',
                  },
                ),
                Keep: { Type: 'Pass', Output: '{% [$states.context.Map.Item.Index, $own] %}', End: true },
              },
            },
            End: true,
          },
        },
      },
      {
        StartAt: 'Hold',
        States: {
          Hold: { Type: 'Wait', Seconds: 30, Next: 'Ask' },
          Ask: lambda(
            'ask',
            { token: '{% $states.context.Task.Token %}' },
            {
              Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken',
              Output: '{% $states.result %}',
            },
          ),
        },
      },
    ],
    Assign: { results: '{% $states.result %}' },
    Next: 'Both?',
  },
  'Both?': {
    Type: 'Choice',
    Choices: [{ Condition: '{% $count($results) = 2 %}', Next: 'Last' }],
    Default: 'Never',
  },
  Last: { Type: 'Pass', Output: { results: '{% $results %}', factor: '{% $factor %}' }, Next: 'Done' },
  Done: { Type: 'Succeed' },
  Never: { Type: 'Fail', Error: 'OneMissing' },
});
const EXPECTED = {
  results: [
    [
      [0, 10],
      [1, 20],
      [2, 30],
    ],
    'yes',
  ],
  factor: 10,
};

const functions = {
  flaky: ({ n, retry }: { n: number; retry: number }) => (retry < 2 ? Promise.reject(named('Flaky')) : n),
  ask: () => null,
};

/** Drives to the end, answering every token that is waited for. */
async function complete(lab: Lab, arn: string) {
  for (let turn = 0; turn < 200; turn += 1) {
    await lab.engine.idle();
    if (lab.engine.execution(arn).status !== 'RUNNING') break;
    for (const taskToken of lab.engine.tokens.keys()) {
      await lab.client.send(new SendTaskSuccessCommand({ taskToken, output: '"yes"' }));
    }
    await lab.engine.idle();
    await lab.clock.advanceToNextTimer();
  }
  return lab.finish(arn);
}

const journalOf = (directory: string) => {
  const folder = join(directory, 'executions');
  return join(folder, readdirSync(folder)[0] ?? '');
};

/** As a directory looks when the process was killed after so many bytes of the journal. */
function crashedAt(directory: string, bytes: number): string {
  const copy = copyOf(directory);
  truncateSync(journalOf(copy), bytes);
  // The catalogue as it was while the execution ran: its version and its start.
  const catalogue = join(copy, 'catalogue.jsonl');
  writeFileSync(catalogue, `${readFileSync(catalogue, 'utf8').split('\n').slice(0, 2).join('\n')}\n`);
  return copy;
}

describe('after a crash', () => {
  let whole: Lab;
  let arn: string;
  let size: number;
  let firstLine: number;
  beforeAll(async () => {
    whole = await createLab({ definitions: { m: everything }, functions });
    arn = await whole.start('m', { list: [1, 2, 3] });
    expect((await complete(whole, arn)).value).toEqual(EXPECTED);
    await whole.engine.stop();
    const text = readFileSync(journalOf(whole.directory), 'utf8');
    size = Buffer.byteLength(text);
    firstLine = text.indexOf('\n') + 1;
  });
  afterAll(() => whole.dispose());

  it('at any byte of the journal, twice in a row, the execution ends with the same output and a sound history', async () => {
    await fc.assert(
      fc.asyncProperty(
        // Not fc.double: nearly all of its values lie next to 0 or 1.
        fc.nat({ max: 1_000_000 }).map((part) => part / 1_000_000),
        fc.nat({ max: 1_000_000 }).map((part) => part / 1_000_000),
        fc.integer({ min: 0, max: 100_000 }),
        async (first, second, downtime) => {
          const cut = (from: number, part: number) => Math.round(from + part * (size - from));
          const clock = virtualClock(START + 40_000 + downtime);
          const before = crashedAt(whole.directory, cut(firstLine, first));
          const lab = await createLab({
            definitions: { m: everything },
            functions,
            directory: before,
            clock,
          });
          expect((await complete(lab, arn)).value).toEqual(EXPECTED);
          await lab.engine.stop();
          const end = readFileSync(journalOf(before)).length;
          const after = crashedAt(before, firstLine + Math.round(second * (end - firstLine)));
          const again = await createLab({
            definitions: { m: everything },
            functions,
            directory: after,
            clock,
          });
          expect((await complete(again, arn)).value).toEqual(EXPECTED);
          const history = await again.history(arn);
          expect(history.map(({ id }) => id)).toEqual(history.map((_, index) => index + 1));
          const entered = history.filter(
            ({ stateEnteredEventDetails }) => stateEnteredEventDetails?.name === 'Keep',
          );
          expect(entered.length).toBe(3);
          expect(history.filter(({ type }) => type === 'MapIterationSucceeded').length).toBe(3);
          await again.engine.stop();
        },
      ),
      { numRuns: 25, interruptAfterTimeLimit: 8_000 },
    );
  });

  it('after every single event, not only after drawn ones', async () => {
    const text = readFileSync(journalOf(whole.directory), 'utf8');
    let at = firstLine;
    while (at < size) {
      const lab = await createLab({
        definitions: { m: everything },
        functions,
        directory: crashedAt(whole.directory, at),
        clock: virtualClock(START + 60_000),
      });
      expect((await complete(lab, arn)).value).toEqual(EXPECTED);
      const types = await lab.types(arn);
      expect(types.filter((type) => type === 'MapIterationSucceeded').length).toBe(3);
      await lab.engine.stop();
      at = Buffer.byteLength(text.slice(0, text.indexOf('\n', at) + 1));
    }
  });
});

describe('a restart', () => {
  /** Stops an engine in the middle and starts another one over the same directory and clock. */
  const restart = async (
    definition: object,
    before: (lab: Lab, arn: string) => Promise<void>,
    given = {},
  ) => {
    const options = { definitions: { m: definition, child: nap }, functions: { ...functions, ...given } };
    const first = await createLab(options);
    const arn = await first.start('m', { list: [1] });
    // Not idle(): an invocation that never answers counts as work.
    await first.clock.advance(0);
    await before(first, arn);
    await first.engine.stop();
    temporary.push(first.directory);
    const lab = await createLab({ ...options, directory: first.directory, clock: first.clock });
    return { lab, arn, first };
  };
  const nap = machine({ N: { Type: 'Wait', Seconds: 50, Output: 'rested', End: true } });

  it('keeps a Wait s deadline', async () => {
    const wait = machine({
      W: { Type: 'Wait', Seconds: 100, Next: 'P' },
      P: { Type: 'Pass', Output: '{% $millis() %}', End: true },
    });
    const { lab, arn } = await restart(wait, (first) => first.clock.advance(40_000));
    expect((await lab.finish(arn)).value).toBe(START + 100_000);
    await lab.engine.stop();
  });

  it('keeps a token that was handed over, and does not invoke its function again', async () => {
    const ask = lambda(
      'ask',
      { token: '{% $states.context.Task.Token %}' },
      {
        Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken',
        Output: '{% $states.result %}',
        TimeoutSeconds: 100,
        HeartbeatSeconds: 60,
      },
    );
    let token = '';
    const { lab, arn } = await restart(machine({ T: ask }), async () => undefined, {
      ask: (payload: { token: string }) => {
        token = payload.token;
      },
    });
    await lab.client.send(new SendTaskSuccessCommand({ taskToken: token, output: '"ok"' }));
    expect((await lab.finish(arn)).value).toBe('ok');
    expect(lab.calls).toEqual([]);
    await lab.engine.stop();
  });

  it('keeps the retry count and the delay under way', async () => {
    const task = lambda(
      'flaky',
      { n: 1, retry: '{% $states.context.State.RetryCount %}' },
      {
        Retry: [{ ErrorEquals: ['Flaky'], MaxAttempts: 2, IntervalSeconds: 10 }],
        Output: '{% $millis() %}',
      },
    );
    const { lab, arn } = await restart(machine({ T: task }), (first) => first.clock.advance(15_000));
    expect((await lab.finish(arn)).value).toBe(START + 30_000);
    expect(lab.calls.length).toBe(1);
    await lab.engine.stop();
  });

  it('invokes a task again whose answer was not on record', async () => {
    const { lab, arn } = await restart(
      machine({ T: lambda('slow', {}) }),
      async () => undefined,
      // The first engine never hears the answer.
      { slow: () => (slow.calls++ === 0 ? slow.never : 'done') },
    );
    expect((await lab.finish(arn)).value).toBe('done');
    await lab.engine.stop();
  });

  it('waits on for its own child, though that ended in between, and starts no second one', async () => {
    const nested = {
      Type: 'Task',
      Resource: 'arn:aws:states:::states:startExecution.sync:2',
      Arguments: { StateMachineArn: stateMachineArn('child') },
      Output: '{% $states.result.Output %}',
      End: true,
    };
    const { lab, arn } = await restart(machine({ N: nested }), async () => undefined);
    expect((await lab.finish(arn)).value).toBe('rested');
    const children = [...lab.engine.catalogue.executions.values()].filter(
      ({ machine: name }) => name === 'child',
    );
    expect(children.length).toBe(1);
    await lab.engine.stop();
  });

  it('finds the child it had started though its own journal does not know it yet', async () => {
    const child = machine({ C: { Type: 'Pass', Output: 'done', End: true } });
    const nested = {
      Type: 'Task',
      Resource: 'arn:aws:states:::states:startExecution.sync:2',
      Arguments: { StateMachineArn: stateMachineArn('child'), Name: 'only' },
      Output: '{% $states.result.Output %}',
      End: true,
    };
    const definitions = { m: machine({ N: nested }), child };
    const first = await createLab({ definitions });
    const arn = await first.start('m');
    await first.finish(arn);
    const journal = first.engine.journalFile(arn);
    await first.engine.stop();
    temporary.push(first.directory);
    const lines = readFileSync(journal, 'utf8').split('\n');
    const upTo = lines.findIndex((line) => line.includes('"TaskStarted"')) + 1;
    writeFileSync(journal, `${lines.slice(0, upTo).join('\n')}\n`);
    const catalogue = join(first.directory, 'catalogue.jsonl');
    const kept = readFileSync(catalogue, 'utf8').split('\n');
    const unended = kept.filter((line) => !(line.includes(arn) && line.includes('SUCCEEDED')));
    writeFileSync(catalogue, unended.join('\n'));
    const lab = await createLab({ definitions, directory: first.directory });
    expect((await lab.finish(arn)).value).toBe('done');
    await lab.engine.stop();
  });

  it('publishes what was not acknowledged before', async () => {
    let open = false;
    const gate = () => (open ? undefined : Promise.reject(new Error('no bus')));
    const first = await createLab({ definitions: { m: nap }, publish: gate });
    const arn = await first.start('m');
    await first.clock.advance(60_000);
    expect(first.engine.execution(arn).status).toBe('SUCCEEDED');
    await first.engine.stop();
    temporary.push(first.directory);
    open = true;
    const lab = await createLab({ definitions: { m: nap }, directory: first.directory, publish: gate });
    await lab.engine.idle();
    expect(lab.events.map(({ status }) => status)).toEqual(['SUCCEEDED']);
    await lab.engine.stop();
    const third = await createLab({ definitions: { m: nap }, directory: first.directory, publish: gate });
    await third.engine.idle();
    expect(third.events).toEqual([]);
    await third.engine.stop();
  });
});

/** A function that answers only when it is called a second time. */
const slow = { calls: 0, never: new Promise(() => undefined) };
