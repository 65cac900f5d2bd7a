import {
  DescribeMapRunCommand,
  ListExecutionsCommand,
  ListMapRunsCommand,
  RedriveExecutionCommand,
} from '@aws-sdk/client-sfn';
import { afterEach, describe, expect, it } from 'vitest';
import { memoryBucket } from './fixtures/bucket.ts';
import { createLab, type Lab, type LabOptions, lambda, machine, named } from './fixtures/lab.ts';

const labs: Lab[] = [];
const create = async (options: LabOptions) => {
  const lab = await createLab(options);
  labs.push(lab);
  return lab;
};
afterEach(async () => {
  for (const lab of labs.splice(0)) await lab.dispose();
});

const distributed = (more: object = {}, states?: Record<string, object>) => ({
  Type: 'Map',
  ItemProcessor: {
    ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' },
    StartAt: states ? 'Pick' : 'Do',
    States: states ?? { Do: lambda('f', '{% $states.input %}') },
  },
  End: true,
  ...more,
});
/** One distributed Map, run over `input`, with objects in S3. */
const run = async (
  map: object,
  input: unknown,
  f: (payload: never) => unknown,
  objects = new Map<string, string>(),
) => {
  const lab = await create({
    definitions: { m: machine({ M: map }) },
    functions: { f },
    s3: memoryBucket(objects),
  });
  return { lab, objects, ...(await lab.run('m', input)) };
};
const echo = (payload: unknown) => payload;

describe('a distributed Map', () => {
  it('runs every item as an execution of its own, with its own history', async () => {
    const { lab, value, executionArn = '' } = await run(distributed(), [1, 2, 3], (n: number) => n * 2);
    expect(value).toEqual([2, 4, 6]);
    expect(await lab.types(executionArn)).toEqual([
      'ExecutionStarted',
      'MapStateEntered',
      'MapStateStarted',
      'MapRunStarted',
      'MapRunSucceeded',
      'MapStateSucceeded',
      'MapStateExited',
      'ExecutionSucceeded',
    ]);
    const { mapRuns = [] } = await lab.client.send(new ListMapRunsCommand({ executionArn }));
    const mapRunArn = mapRuns[0]?.mapRunArn ?? '';
    const { executions = [] } = await lab.client.send(new ListExecutionsCommand({ mapRunArn }));
    expect(executions.map(({ status }) => status)).toEqual(['SUCCEEDED', 'SUCCEEDED', 'SUCCEEDED']);
    expect(await lab.types(executions[0]?.executionArn ?? '')).toContain('TaskSucceeded');
    expect(await lab.client.send(new DescribeMapRunCommand({ mapRunArn }))).toMatchObject({
      status: 'SUCCEEDED',
      itemCounts: { total: 3, succeeded: 3, failed: 0 },
    });
    // Children are not announced as executions of the machine, nor listed with them.
    expect(lab.events.map(({ status }) => status)).toEqual(['RUNNING', 'SUCCEEDED']);
  });

  it('makes batches with a shared input, and selects items first', async () => {
    const batches: unknown[] = [];
    const { value } = await run(
      distributed({
        Items: '{% $states.input.list %}',
        ItemSelector: { n: '{% $states.context.Map.Item.Value %}', of: '{% $states.input.run %}' },
        ItemBatcher: { MaxItemsPerBatch: '{% 1 + 1 %}', BatchInput: { run: '{% $states.input.run %}' } },
      }),
      { run: 'r', list: [1, 2, 3] },
      (batch: { Items: unknown[] }) => {
        batches.push(batch);
        return batch.Items.length;
      },
    );
    expect(value).toEqual([2, 1]);
    expect(batches).toEqual([
      {
        BatchInput: { run: 'r' },
        Items: [
          { n: 1, of: 'r' },
          { n: 2, of: 'r' },
        ],
      },
      { BatchInput: { run: 'r' }, Items: [{ n: 3, of: 'r' }] },
    ]);
  });

  it('cuts batches by bytes', async () => {
    const { value } = await run(
      distributed({ ItemBatcher: { MaxInputBytesPerBatch: 60 } }),
      Array.from({ length: 6 }, () => 'x'.repeat(10)),
      (batch: { Items: unknown[] }) => [batch.Items.length, JSON.stringify(batch).length <= 60],
    );
    expect(value).toEqual([
      [3, true],
      [3, true],
    ]);
  });

  it.each([
    ['JSON', { InputType: 'JSON' }, '[{"a":1},{"a":2}]', [{ a: 1 }, { a: 2 }]],
    ['JSON lines', { InputType: 'JSONL' }, '{"a":1}\n{"a":2}\n', [{ a: 1 }, { a: 2 }]],
    [
      'CSV',
      { InputType: 'CSV', CSVHeaderLocation: 'FIRST_ROW' },
      'a,b\r\n1,"x, ""y"""\r\n2,\n',
      [
        { a: '1', b: 'x, "y"' },
        { a: '2', b: '' },
      ],
    ],
    [
      'CSV with given headers',
      { InputType: 'CSV', CSVHeaderLocation: 'GIVEN', CSVHeaders: ['k'] },
      '1\n2\n',
      [{ k: '1' }, { k: '2' }],
    ],
    ['the first items only', { InputType: 'JSON', MaxItems: 1 }, '[1,2]', [1]],
  ])('reads %s from S3', async (_name, ReaderConfig, body, expected) => {
    const reader = {
      Resource: 'arn:aws:states:::s3:getObject',
      ReaderConfig,
      Arguments: { Bucket: 'b', Key: '{% $states.input.key %}' },
    };
    const { value } = await run(
      distributed({ ItemReader: reader }),
      { key: 'in' },
      echo,
      new Map([['in', body]]),
    );
    expect(value).toEqual(expected);
  });

  it('lists S3 page by page', async () => {
    const objects = new Map(['p/1', 'p/2', 'p/3', 'q/1'].map((key) => [key, 'xx']));
    const reader = {
      Resource: 'arn:aws:states:::s3:listObjectsV2',
      Arguments: { Bucket: 'b', Prefix: 'p/' },
    };
    const { value } = await run(distributed({ ItemReader: reader }), {}, echo, objects);
    expect(value).toEqual(
      ['p/1', 'p/2', 'p/3'].map((Key) => ({
        Etag: '"e"',
        Key,
        LastModified: 5,
        Size: 2,
        StorageClass: 'STANDARD',
      })),
    );
  });

  it('fails with States.ItemReaderFailed when the object is missing or not what it should be', async () => {
    const reader = {
      Resource: 'arn:aws:states:::s3:getObject',
      ReaderConfig: { InputType: 'JSON' },
      Arguments: { Bucket: 'b', Key: 'in' },
    };
    const map = distributed({ ItemReader: reader });
    expect(await run(map, {}, echo)).toMatchObject({ error: 'States.ItemReaderFailed' });
    expect(await run(map, {}, echo, new Map([['in', '{}']]))).toMatchObject({
      error: 'States.ItemReaderFailed',
    });
  });

  it('writes results and a manifest to S3 in AWS s layout', async () => {
    const writer = { Resource: 'arn:aws:states:::s3:putObject', Arguments: { Bucket: 'b', Prefix: 'out/' } };
    const { value, objects } = await run(
      distributed({ ResultWriter: writer, ToleratedFailureCount: 1 }),
      [1, 2, 3],
      (n: number) => (n === 2 ? Promise.reject(named('Odd')) : n),
    );
    const details = value as { ResultWriterDetails: { Key: string } };
    const key = details.ResultWriterDetails.Key;
    expect(value).toEqual({
      MapRunArn: expect.stringContaining(':mapRun:m/M:'),
      ResultWriterDetails: { Bucket: 'b', Key: key },
    });
    const manifest = JSON.parse(objects.get(key) ?? '');
    expect(manifest).toMatchObject({ DestinationBucket: 'b', ResultFiles: { PENDING: [] } });
    const succeeded = JSON.parse(objects.get(manifest.ResultFiles.SUCCEEDED[0].Key) ?? '');
    expect(succeeded.map((entry: { Output: string }) => entry.Output)).toEqual(['1', '3']);
    const failed = JSON.parse(objects.get(manifest.ResultFiles.FAILED[0].Key) ?? '');
    expect(failed).toMatchObject([{ Input: '2', Status: 'FAILED', Error: 'Odd' }]);
  });

  it.each([
    [{}, 1, false],
    [{ ToleratedFailureCount: 1 }, 1, true],
    [{ ToleratedFailureCount: 1 }, 2, false],
    [{ ToleratedFailurePercentage: 50 }, 2, true],
    [{ ToleratedFailurePercentage: '{% 25 + 24 %}' }, 2, false],
    [{ ToleratedFailurePercentage: 100, ToleratedFailureCount: 1 }, 2, false],
  ])('with %j and %d of 4 items failed: goes on %s', async (tolerated, failures, goesOn) => {
    const ended = await run(distributed({ MaxConcurrency: 1, ...tolerated }), [1, 2, 3, 4], (n: number) =>
      n <= failures ? Promise.reject(named('Bad')) : n,
    );
    if (goesOn) expect(ended.value).toEqual([1, 2, 3, 4].slice(failures));
    else expect(ended).toMatchObject({ status: 'FAILED', error: 'States.ExceedToleratedFailureThreshold' });
  });

  it('stops the children still running when the threshold is passed', async () => {
    const states = {
      Pick: {
        Type: 'Choice',
        Choices: [{ Condition: '{% $states.input = 1 %}', Next: 'No' }],
        Default: 'Hold',
      },
      No: { Type: 'Fail', Error: 'No' },
      Hold: { Type: 'Wait', Seconds: 60, Next: 'Do' },
      Do: lambda('f', '{% $states.input %}'),
    };
    const { lab, status } = await run(distributed({}, states), [2, 1, 3], echo);
    expect(status).toBe('FAILED');
    expect(lab.calls).toEqual([]);
    expect([...lab.engine.catalogue.executions.values()].map((entry) => entry.status)).not.toContain(
      'RUNNING',
    );
  });

  it('redrives only the children that failed', async () => {
    let broken = true;
    const lab = await create({
      definitions: { m: machine({ M: distributed({ MaxConcurrency: 1 }) }) },
      functions: { f: (n: number) => (n === 2 && broken ? Promise.reject(named('Bad')) : n) },
    });
    const { executionArn = '', status } = await lab.run('m', [1, 2, 3]);
    expect(status).toBe('FAILED');
    broken = false;
    lab.calls.length = 0;
    await lab.client.send(new RedriveExecutionCommand({ executionArn }));
    expect(await lab.finish(executionArn)).toMatchObject({ value: [1, 2, 3], redriveCount: 1 });
    expect(lab.calls.length).toBe(2);
  });
});
