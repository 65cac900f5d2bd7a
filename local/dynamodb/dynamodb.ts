import { mkdirSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DeleteItemCommand,
  DescribeTableCommand,
  DynamoDBClient,
  ResourceNotFoundException,
  ScanCommand,
  type TableDescription,
} from '@aws-sdk/client-dynamodb';
import { HttpResponse } from '@smithy/core/protocols';
import dynalite from 'dynalite';
import type { Clock } from '../clock.ts';

/** A table as CreateTable takes it, and the number attribute (epoch seconds) after which an item may be deleted. */
export type TableDefinition = CreateTableCommandInput & { TableName: string; timeToLive?: string };

/** AWS deletes expired items within days; once an hour is soon enough for what the laptop shows. */
const SWEEP_MS = 3_600_000;
const BODY_LIMIT = 16 * 1024 * 1024;

/** What dynalite would drop without a word; said instead, since code that relies on it would only fail in the cloud. */
const NOT_EMULATED = ['ReturnValuesOnConditionCheckFailure', 'StreamSpecification', 'ReplicaUpdates'];

/**
 * DynamoDB on disk (LevelDB under `directory`), reached over HTTP at `endpoint` after start(). Emulated by dynalite:
 * single-item reads and writes with conditions, Query, Scan, batches, global and local indexes. Not there:
 * transactions, streams, PartiQL, backups (refused by name).
 */
export function createDynamodb(options: { directory: string; clock: Clock }) {
  let server: Server | undefined;
  let emulator: Server | undefined;
  let client: DynamoDBClient | undefined;
  let endpoint = '';
  let cancelSweep = () => {};
  const expiring = new Map<string, string>();

  const connected = () => {
    if (!client) throw new Error('The local DynamoDB is not started; call start() first.');
    return client;
  };

  async function start(): Promise<void> {
    const path = join(options.directory, 'dynamodb');
    mkdirSync(path, { recursive: true, mode: 0o700 });
    const started = dynalite({ path, createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
    emulator = started;
    server = createServer((request, response) => answer(started, request, response));
    await new Promise<void>((resolve, reject) =>
      server?.once('error', reject).listen(0, '127.0.0.1', resolve),
    );
    const address = server.address();
    endpoint = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
    client = new DynamoDBClient({
      endpoint,
      region: 'us-east-1',
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    });
    armSweep();
  }

  async function stop(): Promise<void> {
    cancelSweep();
    client?.destroy();
    const [front, back] = [server, emulator];
    server = emulator = client = undefined;
    if (front) {
      await new Promise<void>((resolve) => {
        front.close(() => resolve());
        front.closeIdleConnections();
        setTimeout(() => front.closeAllConnections(), 1000).unref();
      });
    }
    // dynalite closes its store only together with a listening server.
    if (back) {
      await new Promise<void>((resolve) => back.listen(0, '127.0.0.1', resolve));
      await new Promise<void>((resolve, reject) =>
        back.close((error) => (error ? reject(error) : resolve())),
      );
    }
  }

  function armSweep(): void {
    cancelSweep = options.clock.setTimer(SWEEP_MS, () => {
      void sweepExpired()
        .catch(() => {}) // the next hour tries again; an expired item is only clutter
        .finally(() => {
          if (client) armSweep();
        });
    });
  }

  /** Creates the tables that are missing. @throws Error when an existing one has other keys or lacks an index. */
  async function createTables(definitions: readonly TableDefinition[]): Promise<void> {
    for (const { timeToLive, ...definition } of definitions) {
      const existing = await describe(definition.TableName);
      if (existing) compare(existing, definition, options.directory);
      else await create(definition);
      if (timeToLive) expiring.set(definition.TableName, timeToLive);
    }
  }

  async function create(definition: CreateTableCommandInput & { TableName: string }): Promise<void> {
    await connected().send(new CreateTableCommand({ BillingMode: 'PAY_PER_REQUEST', ...definition }));
    for (let attempt = 0; attempt < 1000; attempt += 1) {
      if ((await describe(definition.TableName))?.TableStatus === 'ACTIVE') return;
    }
    throw new Error(`Table ${definition.TableName} was created but did not become active.`);
  }

  async function describe(name: string): Promise<TableDescription | undefined> {
    try {
      return (await connected().send(new DescribeTableCommand({ TableName: name }))).Table;
    } catch (error) {
      if (error instanceof ResourceNotFoundException) return undefined;
      throw error;
    }
  }

  /** Deletes the items whose time to live has passed; returns how many. Runs by itself once an hour. */
  async function sweepExpired(): Promise<number> {
    const now = { N: String(Math.floor(options.clock.now() / 1000)) };
    let deleted = 0;
    for (const [table, attribute] of expiring) {
      const keys = (await describe(table))?.KeySchema?.map((key) => key.AttributeName ?? '') ?? [];
      let from: Record<string, never> | undefined;
      do {
        const page = await connected().send(
          new ScanCommand({
            TableName: table,
            FilterExpression: '#ttl < :now',
            ExpressionAttributeNames: { '#ttl': attribute },
            ExpressionAttributeValues: { ':now': now },
            ExclusiveStartKey: from,
          }),
        );
        for (const item of page.Items ?? []) {
          const key = Object.fromEntries(Object.entries(item).filter(([name]) => keys.includes(name)));
          // The item may have been given a longer life since it was read.
          const condition = {
            ConditionExpression: '#ttl < :now',
            ExpressionAttributeNames: { '#ttl': attribute },
          };
          await connected()
            .send(
              new DeleteItemCommand({
                TableName: table,
                Key: key,
                ...condition,
                ExpressionAttributeValues: { ':now': now },
              }),
            )
            .then(() => {
              deleted += 1;
            })
            .catch((error: unknown) => {
              if (!(error instanceof Error) || error.name !== 'ConditionalCheckFailedException') throw error;
            });
        }
        from = page.LastEvaluatedKey as Record<string, never> | undefined; // only handed back as it came
      } while (from);
    }
    return deleted;
  }

  /**
   * Lets a client of this process ask without a socket between: what it sends and reads is the same. Returns the
   * function that takes it back.
   */
  function attach(attached: {
    config: { requestHandler: DynamoDBClient['config']['requestHandler'] };
  }): () => void {
    const before = attached.config.requestHandler;
    attached.config.requestHandler = {
      ...before,
      metadata: { handlerProtocol: 'http/1.1' },
      destroy: () => before.destroy?.(),
      updateHttpClientConfig: () => {},
      httpHandlerConfigs: () => ({}),
      async handle({ method, path, headers, body }) {
        if (!emulator) throw new Error('The local DynamoDB is not started; call start() first.');
        const named = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
        const reply = await emulate(emulator, {
          method,
          url: path,
          headers: Object.fromEntries(named),
          body:
            body instanceof Uint8Array
              ? Buffer.from(body.buffer, body.byteOffset, body.byteLength)
              : Buffer.from(String(body ?? '')),
        });
        return {
          response: new HttpResponse({
            statusCode: reply.status,
            headers: reply.headers,
            body: Buffer.from(reply.body),
          }),
        };
      },
    };
    return () => {
      attached.config.requestHandler = before;
    };
  }

  return {
    attach,
    /** For AWS_ENDPOINT_URL_DYNAMODB; empty until started. */
    get endpoint() {
      return endpoint;
    },
    start,
    stop,
    createTables,
    sweepExpired,
  };
}

export type Dynamodb = ReturnType<typeof createDynamodb>;

function shapeOf(
  keys: readonly { AttributeName?: string | undefined; KeyType?: string | undefined }[] | undefined,
): string {
  return (keys ?? []).map((key) => `${key.KeyType} ${key.AttributeName}`).join(', ');
}

function compare(existing: TableDescription, wanted: CreateTableCommandInput, directory: string): void {
  const remedy = `Move the directory ${directory} away to start with empty tables.`;
  const [found, expected] = [shapeOf(existing.KeySchema), shapeOf(wanted.KeySchema)];
  if (found !== expected) {
    throw new Error(
      `Table ${wanted.TableName} exists with the key ${found}, expected ${expected}. ${remedy}`,
    );
  }
  for (const index of [...(wanted.GlobalSecondaryIndexes ?? []), ...(wanted.LocalSecondaryIndexes ?? [])]) {
    const all = [...(existing.GlobalSecondaryIndexes ?? []), ...(existing.LocalSecondaryIndexes ?? [])];
    const same = all.find((candidate) => candidate.IndexName === index.IndexName);
    if (!same || shapeOf(same.KeySchema) !== shapeOf(index.KeySchema)) {
      throw new Error(
        `Table ${wanted.TableName} exists without the index ${index.IndexName} (${shapeOf(index.KeySchema)}). ${remedy}`,
      );
    }
  }
}

interface Answer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** Answers of the HTTP front, for whoever has the endpoint only: another process, a client of a test. */
function answer(emulator: Server, request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = [];
  let length = 0;
  request.on('error', () => response.destroy());
  response.on('error', () => {});
  request.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length <= BODY_LIMIT) chunks.push(chunk);
  });
  request.on('end', () => {
    const { method = 'POST', url = '/', headers } = request;
    const reply =
      length > BODY_LIMIT
        ? Promise.resolve(refusal(`The request has ${length} bytes, at most ${BODY_LIMIT} are allowed.`))
        : emulate(emulator, { method, url, headers, body: Buffer.concat(chunks) });
    void reply.then(({ status, headers: own, body }) => response.writeHead(status, own).end(body));
  });
}

/**
 * dynalite's answer to one request. It gets a copy of the body, because it throws in its own event handlers when a
 * client hangs up in the middle of a request, which would end the process.
 */
function emulate(
  emulator: Server,
  request: { method: string; url: string; headers: IncomingMessage['headers']; body: Buffer },
): Promise<Answer> {
  const { body, ...head } = request;
  const missing = NOT_EMULATED.find((field) => body.includes(`"${field}"`));
  if (missing !== undefined)
    return Promise.resolve(refusal(`${missing} is not emulated by the local DynamoDB.`));
  return new Promise((resolve) => {
    const headers: Record<string, string> = {};
    const response = {
      statusCode: 200,
      setHeader: (name: string, value: string | number) => {
        headers[name.toLowerCase()] = String(value);
      },
      end: (text = '') => resolve({ status: response.statusCode, headers, body: text }),
    };
    const copy = Object.assign(Readable.from(body.length > 0 ? [body] : []), head);
    emulator.emit('request', copy, response);
  });
}

const refusal = (message: string): Answer => ({
  status: 400,
  headers: { 'content-type': 'application/x-amz-json-1.0' },
  body: JSON.stringify({ __type: 'com.amazon.coral.validate#ValidationException', message }),
});
