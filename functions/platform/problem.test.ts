import { once } from 'node:events';
import { createServer } from 'node:http';
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Forbidden } from './errors.ts';
import { problemOf } from './problem.ts';

/** Answers what it is told to, or nothing at all. */
const server = createServer((_, response) => {
  if (answer !== null) response.writeHead(answer.status).end(JSON.stringify({ __type: answer.type }));
});
let answer: { status: number; type: string } | null;
let client: DynamoDBClient;

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  client = new DynamoDBClient({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    maxAttempts: 1,
    requestHandler: { requestTimeout: 50, throwOnRequestTimeout: true },
  });
});
afterAll(() => {
  client.destroy();
  server.closeAllConnections();
  server.close();
});

const asked = () =>
  client.send(new ListTablesCommand({})).catch((error: unknown) => problemOf(error, 'req_1'));

it.each([
  ['does not answer', null],
  ['is throttled', { status: 400, type: 'ThrottlingException' }],
  ['is broken', { status: 500, type: 'InternalServerError' }],
])('a service that %s is no defect of ours: 503, to be repeated', async (_, said) => {
  answer = said;
  expect(await asked()).toMatchObject({
    status: 503,
    retryable: true,
    detail: expect.stringMatching(/in time/),
  });
});

it('a request that a service refuses is a defect of ours, and says nothing of it', async () => {
  answer = { status: 400, type: 'ValidationException' };
  const problem = await asked();
  expect(problem).toMatchObject({ status: 500, retryable: false });
  expect(JSON.stringify(problem)).not.toContain('Validation');
});

it('an error of ours is said as it is', () => {
  expect(problemOf(new Forbidden('Not you'), 'req_1')).toMatchObject({ status: 403, detail: 'Not you' });
});
