import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient, TransactWriteItemsCommand } from '@aws-sdk/client-dynamodb';
import {
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { virtualClock } from '../clock.ts';
import { createDynamodb, type Dynamodb, type TableDefinition } from './dynamodb.ts';

const table: TableDefinition = {
  TableName: 'planks',
  KeySchema: [
    { AttributeName: 'pk', KeyType: 'HASH' },
    { AttributeName: 'sk', KeyType: 'RANGE' },
  ],
  AttributeDefinitions: ['pk', 'sk', 'state'].map((AttributeName) => ({
    AttributeName,
    AttributeType: 'S' as const,
  })),
  GlobalSecondaryIndexes: [
    {
      IndexName: 'byState',
      KeySchema: [
        { AttributeName: 'state', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      Projection: { ProjectionType: 'ALL' },
    },
  ],
  timeToLive: 'expires',
};

function clientOf(endpoint: string): DynamoDBDocumentClient {
  const credentials = { accessKeyId: 'x', secretAccessKey: 'x' };
  return DynamoDBDocumentClient.from(
    new DynamoDBClient({ endpoint, region: 'us-east-1', credentials, maxAttempts: 1 }),
  );
}

describe.each(['over HTTP', 'in this process'])('the local DynamoDB, %s', (how) => {
  const clock = virtualClock(1_800_000_000_000);
  let directory: string;
  let service: Dynamodb;
  let client: DynamoDBDocumentClient;

  async function open(): Promise<void> {
    service = createDynamodb({ directory, clock });
    await service.start();
    client = clientOf(service.endpoint);
    if (how === 'in this process') service.attach(client);
  }

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'dynamodb-'));
    await open();
    await service.createTables([table]);
  });
  afterEach(async () => {
    client.destroy();
    await service.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  it('keeps items and tables between starts, and creates only what is missing', async () => {
    await client.send(new PutCommand({ TableName: 'planks', Item: { pk: 'ship', sk: '1', state: 'old' } }));
    await service.stop();
    await open();
    await service.createTables([table, { ...table, TableName: 'sails' }]);
    const found = await client.send(new GetCommand({ TableName: 'planks', Key: { pk: 'ship', sk: '1' } }));
    expect(found.Item).toEqual({ pk: 'ship', sk: '1', state: 'old' });
    const other: TableDefinition = {
      ...table,
      KeySchema: [{ AttributeName: 'state', KeyType: 'HASH' }],
      GlobalSecondaryIndexes: undefined,
    };
    await expect(service.createTables([other])).rejects.toThrow(
      /exists with the key HASH pk, RANGE sk, expected HASH state/,
    );
  });

  it('refuses a conditional write whose condition does not hold, and finds items by index', async () => {
    const Item = { pk: 'ship', sk: '1', state: 'old', version: 1 };
    await client.send(new PutCommand({ TableName: 'planks', Item }));
    const absent = new PutCommand({
      TableName: 'planks',
      Item,
      ConditionExpression: 'attribute_not_exists(pk)',
    });
    await expect(client.send(absent)).rejects.toMatchObject({ name: 'ConditionalCheckFailedException' });
    const replace = new UpdateCommand({
      TableName: 'planks',
      Key: { pk: 'ship', sk: '1' },
      UpdateExpression: 'SET version = version + :one, #state = :new',
      ConditionExpression: 'version = :seen',
      ExpressionAttributeNames: { '#state': 'state' },
      ExpressionAttributeValues: { ':one': 1, ':seen': 1, ':new': 'new' },
    });
    const both = await Promise.allSettled([client.send(replace), client.send(replace)]);
    expect(both.map((result) => result.status).sort()).toEqual(['fulfilled', 'rejected']);
    const byState = await client.send(
      new QueryCommand({
        TableName: 'planks',
        IndexName: 'byState',
        KeyConditionExpression: '#s = :new',
        ExpressionAttributeNames: { '#s': 'state' },
        ExpressionAttributeValues: { ':new': 'new' },
      }),
    );
    expect(byState.Items).toEqual([{ pk: 'ship', sk: '1', state: 'new', version: 2 }]);
  });

  it('names what it cannot do instead of leaving it out', async () => {
    const put = { TableName: 'planks', Item: { pk: 'a', sk: 'b' } };
    await expect(
      client.send(new PutCommand({ ...put, ReturnValuesOnConditionCheckFailure: 'ALL_OLD' })),
    ).rejects.toThrow(/ReturnValuesOnConditionCheckFailure is not emulated/);
    await expect(
      client.send(
        new TransactWriteItemsCommand({
          TransactItems: [{ Put: { TableName: 'planks', Item: { pk: { S: 'a' }, sk: { S: 'b' } } } }],
        }),
      ),
    ).rejects.toMatchObject({ name: 'UnknownOperationException' });
    await expect(
      service.createTables([
        { ...table, TableName: 'streamed', StreamSpecification: { StreamEnabled: true } },
      ]),
    ).rejects.toThrow(/StreamSpecification is not emulated/);
  });

  it('deletes expired items as its clock moves, and no others', async () => {
    const seconds = Math.floor(clock.now() / 1000);
    await client.send(
      new PutCommand({ TableName: 'planks', Item: { pk: 'a', sk: 'gone', expires: seconds + 60 } }),
    );
    await client.send(
      new PutCommand({ TableName: 'planks', Item: { pk: 'a', sk: 'stays', expires: seconds + 86_400 } }),
    );
    await client.send(new PutCommand({ TableName: 'planks', Item: { pk: 'a', sk: 'never' } }));
    expect(await service.sweepExpired()).toBe(0);
    await clock.advance(61_000);
    expect(await service.sweepExpired()).toBe(1);
    const left = await client.send(
      new QueryCommand({
        TableName: 'planks',
        KeyConditionExpression: 'pk = :a',
        ExpressionAttributeValues: { ':a': 'a' },
      }),
    );
    expect(left.Items?.map((item) => item.sk)).toEqual(['never', 'stays']);
  });

  it('survives a client that hangs up in the middle of a request', async () => {
    const { port } = new URL(service.endpoint);
    const socket = connect(Number(port), '127.0.0.1');
    await new Promise<void>((resolve) => {
      socket.write(
        'POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: 500\r\n\r\n{"half',
        () => resolve(),
      );
    });
    socket.destroy();
    await client.send(new PutCommand({ TableName: 'planks', Item: { pk: 'a', sk: 'after' } }));
  });

  it('has what was acknowledged after kill -9', async () => {
    await service.stop();
    const script = `
      import { createDynamodb } from ${JSON.stringify(join(import.meta.dirname, 'dynamodb.ts'))};
      import { systemClock } from ${JSON.stringify(join(import.meta.dirname, '../clock.ts'))};
      import { DynamoDBClient, PutItemCommand } from ${JSON.stringify(import.meta.resolve('@aws-sdk/client-dynamodb'))};
      const service = createDynamodb({ directory: ${JSON.stringify(directory)}, clock: systemClock() });
      await service.start();
      const client = new DynamoDBClient({ endpoint: service.endpoint, region: 'x', credentials: { accessKeyId: 'x', secretAccessKey: 'x' } });
      for (let i = 0; i < 20; i++) await client.send(new PutItemCommand({ TableName: 'planks', Item: { pk: { S: 'killed' }, sk: { S: String(i) } } }));
      process.kill(process.pid, 'SIGKILL');`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'inherit' });
    expect(await new Promise((resolve) => child.once('close', (_code, signal) => resolve(signal)))).toBe(
      'SIGKILL',
    );
    await open();
    const found = await client.send(
      new QueryCommand({
        TableName: 'planks',
        KeyConditionExpression: 'pk = :k',
        ExpressionAttributeValues: { ':k': 'killed' },
      }),
    );
    expect(found.Count).toBe(20);
  });
});
