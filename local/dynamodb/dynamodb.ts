import { mkdirSync } from 'node:fs';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { join } from 'node:path';
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
import { createServer } from '#platform/node-http.ts';
import type { Clock } from '../clock.ts';
import { type Answer, type Emulator, invalid, openEmulator } from './emulator.ts';

/** A table as CreateTable takes it, and the number attribute (epoch seconds) after which an item may be deleted. */
export type TableDefinition = CreateTableCommandInput & { TableName: string; timeToLive?: string };

/** AWS deletes expired items within days; once an hour is soon enough for what the laptop shows. */
const SWEEP_MS = 3_600_000;
const BODY_LIMIT = 16 * 1024 * 1024;

/**
 * DynamoDB on disk (LevelDB under `directory`), reached over HTTP at `endpoint` after start(). Emulated by dynalite:
 * single-item reads and writes with conditions, Query, Scan, batches, global and local indexes. Not there:
 * transactions, streams, PartiQL, backups (refused by name).
 */
export function createDynamodb(options: { directory: string; clock: Clock }) {
  let server: Server | undefined;
  let emulator: Emulator | undefined;
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
    const started = await openEmulator(path);
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
    await back?.close();
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
   * Lets a client of this process ask without a socket between, and without a signature that nobody would check: what
   * it sends and reads is the same. Returns the function that takes it back.
   */
  function attach(attached: {
    config: Pick<DynamoDBClient['config'], 'requestHandler'> & { signer?: unknown };
  }): () => void {
    const { requestHandler: before, signer } = attached.config;
    attached.config.signer = async () => ({ sign: async (request: unknown) => request });
    attached.config.requestHandler = {
      ...before,
      metadata: { handlerProtocol: 'http/1.1' },
      destroy: () => before.destroy?.(),
      updateHttpClientConfig: () => {},
      httpHandlerConfigs: () => ({}),
      async handle({ headers, body }) {
        if (!emulator) throw new Error('The local DynamoDB is not started; call start() first.');
        const text =
          body instanceof Uint8Array
            ? Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString()
            : String(body ?? '');
        const reply = await emulator.request(headers['x-amz-target'] ?? '', text);
        return {
          response: new HttpResponse({
            statusCode: reply.status,
            headers: { 'content-type': contentType },
            body: Buffer.from(reply.body),
          }),
        };
      },
    };
    return () => {
      attached.config.requestHandler = before;
      attached.config.signer = signer;
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

const contentType = 'application/x-amz-json-1.0';

/** Answers of the HTTP front, for whoever has the endpoint only: another process, a client of a test. */
function answer(emulator: Emulator, request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = [];
  let length = 0;
  const reply = ({ status, body }: Answer) =>
    response.writeHead(status, { 'content-type': contentType }).end(body);
  request.on('error', () => response.destroy());
  response.on('error', () => {});
  request.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length <= BODY_LIMIT) chunks.push(chunk);
  });
  request.on('end', () => {
    if (length > BODY_LIMIT) {
      reply(invalid(`The request has ${length} bytes, at most ${BODY_LIMIT} are allowed.`));
      return;
    }
    const target = String(request.headers['x-amz-target'] ?? '');
    emulator.request(target, Buffer.concat(chunks).toString()).then(reply, () => response.destroy());
  });
}
