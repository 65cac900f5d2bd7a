import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Emulator, openEmulator } from './emulator.ts';

const TableName = 'records';
let folder: string;
let emulator: Emulator;
const ask = async (operation: string, request: object) => {
  const { status, body } = await emulator.request(`DynamoDB_20120810.${operation}`, JSON.stringify(request));
  expect(status, body).toBe(200);
  return JSON.parse(body);
};

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'theseus-emulator-'));
  emulator = await openEmulator(folder);
  await ask('CreateTable', {
    TableName,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
  });
  const isActive = async () => (await ask('DescribeTable', { TableName })).Table.TableStatus === 'ACTIVE';
  await expect.poll(isActive, { timeout: 30_000 }).toBe(true);
});
afterEach(async () => {
  await emulator.close();
  rmSync(folder, { recursive: true });
});

const megabytes = () =>
  readdirSync(folder).reduce((sum, file) => sum + statSync(join(folder, file)).size, 0) / 1e6;

it('keeps no version of a record that a question saw, once it is answered', async () => {
  const own = { ExpressionAttributeValues: { ':pk': { S: 'one' } }, KeyConditionExpression: 'pk = :pk' };
  for (let version = 0; version < 150; version += 1) {
    const value = { S: randomBytes(180_000).toString('base64') };
    await ask('PutItem', { TableName, Item: { pk: { S: 'one' }, value } });
    expect((await ask('Query', { TableName, ...own, Limit: 1 })).Count).toBe(1);
  }
  // Written were 36 MB; with every version kept, in the log and in its tables, it was 104.
  expect(megabytes()).toBeLessThan(45);
});
