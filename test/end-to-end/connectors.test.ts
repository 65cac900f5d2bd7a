import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { capabilities } from '#local/capabilities.ts';
import { deployConnector, type LocalConnector } from '#local/connectors.ts';
import { createDatabase } from '#local/postgres/shared.ts';
import { connectorFunctions } from '#migrations/functions.ts';
import type { ConnectorRecord } from '#migrations/records.ts';
import { lambdaAs } from '#platform/clients.ts';
import { startPlatform, type TestPlatform } from './platform.ts';

/** Deployed beside the laptop's own connector, each as if in an account of its own. */
const customer: LocalConnector = { name: 'customer', account: '111111111111', externalId: 'b2c3-customer' };
const next: LocalConnector = { name: 'customer-2', account: '111111111111', externalId: 'b2c3-next' };
const { registration } = deployConnector(customer, capabilities);
const release2 = deployConnector(next, capabilities).registration;

const program = join(import.meta.dirname, '../../bin/theseus.js');
/** Every invocation by the role it came with. */
const invocations: { name: string; roleArn: string | undefined }[] = [];
let platform: TestPlatform;
let sql: pg.Client;
let url: string;

beforeAll(async () => {
  url = await createDatabase('connector');
  sql = new pg.Client({ connectionString: url });
  await sql.connect();
  await sql.query(
    'CREATE TABLE people (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL)',
  );
  await sql.query("INSERT INTO people (name) SELECT 'p' || n FROM generate_series(1, 300) n");
  platform = await startPlatform({
    connectors: [customer, next],
    drill: {
      onInvoke: ({ name, roleArn, stage }) => {
        if (stage === 'before') invocations.push({ name, roleArn });
      },
    },
  });
});
afterAll(() => sql.end());

/** One command of the CLI in a process of its own. */
function theseus(...words: string[]): Promise<{ code: number; out: string; error: string }> {
  const { url: address, token } = platform.as('ada');
  return new Promise((resolve) => {
    const env = { ...process.env, THESEUS_URL: address, THESEUS_TOKEN: token };
    const child = execFile(process.execPath, [program, ...words], { env }, (_, out, error) =>
      resolve({ code: child.exitCode ?? 1, out, error }),
    );
  });
}

async function fileOf(name: string, content: unknown): Promise<string> {
  const file = join(platform.directory, name);
  await writeFile(file, JSON.stringify(content));
  return file;
}

const post = (body: unknown) => platform.request('POST', '/connectors', { body });
const withFunctions = (change: (functions: Record<string, string>) => void) => {
  const functions: Record<string, string> = { ...registration.functions };
  change(functions);
  return { ...registration, name: 'other', functions };
};
const recordOf = (connector: typeof registration): ConnectorRecord => ({
  ...connector,
  schemaVersion: 1,
  version: 1,
  id: 'con_test',
  retiring: false,
  createdAt: null,
  createdBy: null,
  updatedAt: null,
});
const dataOf = (connector: LocalConnector) =>
  invocations.filter(({ name }) => name.startsWith(`connector-${connector.name}-`));
const addColumn = (column: string) => [
  { add_column: { table: 'people', column: { name: column, type: 'text' }, up: 'upper(name)' } },
];

describe('what is refused at registration', () => {
  it('a connector without a function that migrations need, by the function', async () => {
    const body = withFunctions((functions) => {
      delete functions.expand;
    });
    const answer = await post(body);
    expect(answer).toMatchObject({ status: 400, body: { type: 'urn:theseus:problem:InvalidInput' } });
    expect(answer.body.errors).toEqual([
      { pointer: '/body/functions/expand', detail: 'Missing: no function for this task' },
    ]);
  });

  it('a function without a published version, of another account or of another Region', async () => {
    const body = withFunctions((functions) => {
      functions.expand = String(functions.expand).replace(/:1$/, '');
      functions.publish = String(functions.publish).replace('111111111111', '222222222222');
      functions.revert = String(functions.revert).replace('us-east-1', 'eu-central-1');
    });
    expect((await post(body)).body.errors).toEqual([
      { pointer: '/body/functions/expand', detail: expect.stringContaining('a published version') },
      { pointer: '/body/functions/publish', detail: expect.stringContaining('of 222222222222') },
      { pointer: '/body/functions/revert', detail: expect.stringContaining('in eu-central-1') },
    ]);
  });

  it.each([
    ['another external id', { externalId: 'guessed' }],
    ['no external id', { externalId: undefined }],
    [
      'a role that does not exist',
      { roleArn: 'arn:aws:iam::111111111111:role/theseus-local-connector/none' },
    ],
  ])('a role that cannot be assumed: %s', async (_, change) => {
    const before = invocations.length;
    const answer = await post({ ...registration, name: 'other', ...change });
    expect(answer).toMatchObject({
      status: 422,
      body: {
        type: 'urn:theseus:problem:ConnectorRefused',
        detail: 'The role of connector other may not be assumed: AccessDenied',
        errors: [{ pointer: '/body/roleArn' }],
        action: expect.stringContaining('connectorAccounts'),
      },
    });
    expect(invocations.slice(before).filter(({ name }) => !name.startsWith('migrations-'))).toEqual([]);
    expect((await platform.request('GET', '/connectors/other')).status).toBe(404);
  });

  it('functions that the role may not invoke, each by name', async () => {
    const body = withFunctions((functions) => {
      functions.expand = String(functions.expand).replace('connector-customer-', 'somebody-elses-');
      functions.revert = String(functions.revert).replace('connector-customer-', 'somebody-elses-');
    });
    const answer = await post(body);
    expect(answer).toMatchObject({ status: 422, body: { type: 'urn:theseus:problem:ConnectorRefused' } });
    expect(answer.body.errors).toEqual([
      { pointer: '/body/functions/expand', detail: 'The role may not invoke it: AccessDeniedException' },
      { pointer: '/body/functions/revert', detail: 'The role may not invoke it: AccessDeniedException' },
    ]);
  });

  it('the name of the own connector, and everyone but an administrator', async () => {
    expect((await post({ ...registration, name: 'default' })).status).toBe(409);
    const asked = await platform.request('POST', '/connectors', { subject: 'olga', body: registration });
    expect(asked.status).toBe(403);
  });

  it('a database through a connector that is not there', async () => {
    const answer = await platform.request('POST', '/databases', {
      body: { name: 'lost', url, connector: 'none' },
    });
    expect(answer).toMatchObject({ status: 404, body: { detail: 'There is no connector none' } });
  });
});

describe('a database behind a connector of its own', () => {
  it('is registered from the outputs of a stack, in each form they come in', async () => {
    const Registration = JSON.stringify(registration);
    const incomplete = JSON.stringify({ ...registration, functions: {} });
    const wrong = await theseus(
      'connector',
      'add',
      '--file',
      await fileOf('wrong.json', { s: { Registration: incomplete } }),
    );
    expect(wrong.code).toBe(2);
    expect(wrong.error).toContain('/functions/expand: Missing');
    expect(
      (await theseus('connector', 'add', '--file', await fileOf('none.json', { s: {} }))).error,
    ).toContain('holds no connector');

    // As `cdk deploy --outputs-file` writes it.
    const cdk = await fileOf('outputs.json', { 'theseus-connector': { Registration, Other: 'x' } });
    const added = await theseus('connector', 'add', '--file', cdk);
    expect(added).toMatchObject({ code: 0, error: '' });
    expect(added.out).toContain(
      `customer is registered: ${connectorFunctions.length} functions in us-east-1`,
    );
    expect((await theseus('connector', 'add', '--file', cdk)).code).toBe(3);

    // As `aws cloudformation describe-stacks` prints it.
    const described = { Stacks: [{ Outputs: [{ OutputKey: 'Registration', OutputValue: Registration }] }] };
    const aws = await fileOf('described.json', described);
    expect((await theseus('connector', 'add', '--file', aws, '--name', 'again')).code).toBe(0);
    expect((await theseus('connector', 'remove', 'again')).code).toBe(0);

    const list = await theseus('connector', 'list', '--json');
    expect(JSON.parse(list.out).items.map(({ name }: { name: string }) => name)).toEqual([
      'default',
      'customer',
    ]);
    const shown = await theseus('connector', 'show', 'customer');
    expect(shown.out).toContain(registration.roleArn);
    expect(shown.out).not.toContain(customer.externalId);
    const first = await platform.request('GET', '/connectors?limit=1');
    expect(first.body.items).toMatchObject([{ name: 'default', createdAt: null }]);
    const second = await platform.request('GET', `/connectors?limit=1&cursor=${first.body.nextCursor}`);
    expect(second.body.items).toMatchObject([{ name: 'customer', createdBy: 'ada' }]);
  });

  it('is migrated by the functions of that connector, invoked with its role', async () => {
    const added = await theseus('database', 'add', 'people', url, '--connector', 'customer', '--json');
    expect(JSON.parse(added.out)).toMatchObject({ name: 'people', connector: 'customer' });

    const before = invocations.length;
    const { id } = await platform.start({ database: 'people', operations: addColumn('loud') });
    await platform.until(id, 'soaking');
    // A new release in the middle: this execution goes on with what it began with.
    const { name: _, ...update } = release2;
    const put = await platform.request('PUT', '/connectors/customer', { body: update });
    expect(put).toMatchObject({ status: 200, body: { roleArn: release2.roleArn } });
    await platform.act(id, 'complete');
    await platform.until(id, 'completed');

    const { rows } = await sql.query(
      'SELECT count(*)::int AS n FROM public_01_change.people WHERE loud = upper(name)',
    );
    expect(rows).toEqual([{ n: 300 }]);
    const ran = invocations.slice(before).filter(({ roleArn }) => roleArn !== undefined);
    expect(new Set(ran.map(({ roleArn }) => roleArn))).toEqual(new Set([registration.roleArn]));
    expect(ran.every(({ name }) => name.startsWith('connector-customer-'))).toBe(true);
    expect(ran.map(({ name }) => name)).toEqual(
      expect.arrayContaining(
        ['plan-migration', 'expand', 'backfill-range', 'publish', 'complete-migration'].map(
          (task) => `connector-customer-${task}`,
        ),
      ),
    );
    expect(dataOf(next)).toEqual([]);
  });

  it('uses what was registered since for what starts afterwards', async () => {
    const before = invocations.length;
    const { id } = await platform.start({
      database: 'people',
      operations: addColumn('second'),
      name: '02_second',
    });
    await platform.until(id, 'soaking');
    const ran = invocations.slice(before).filter(({ roleArn }) => roleArn !== undefined);
    expect(new Set(ran.map(({ roleArn }) => roleArn))).toEqual(new Set([release2.roleArn]));
    await platform.act(id, 'rollback');
    await platform.until(id, 'rolled_back');
  });

  it('keeps its connector from being removed', async () => {
    const refused = await theseus('connector', 'remove', 'customer');
    expect(refused.code).toBe(3);
    expect(refused.error).toContain('The database people is reached through the connector customer');
    expect((await platform.request('DELETE', '/connectors/default')).status).toBe(409);
    // The refusal left no trace: it can be used as before.
    const spare = await createDatabase('spare');
    const added = await platform.request('POST', '/databases', {
      body: { name: 'spare', url: spare, connector: 'customer' },
    });
    expect(added.status).toBe(201);
    expect((await theseus('database', 'list')).out).toMatch(/spare .* customer /);
  });
});

describe('the functions of a connector', () => {
  const call = async (client: Awaited<ReturnType<typeof lambdaAs>>, functionArn: string | undefined) => {
    const { InvokeCommand } = await import('@aws-sdk/client-lambda');
    return client.send(new InvokeCommand({ FunctionName: functionArn, InvocationType: 'DryRun' }));
  };

  it('answer to its role alone', async () => {
    const client = await lambdaAs(recordOf(registration), 'request 1');
    await expect(call(client, registration.functions.expand)).resolves.toMatchObject({ StatusCode: 204 });
    await expect(call(client, release2.functions.expand)).rejects.toMatchObject({
      name: 'AccessDeniedException',
    });
    expect(await lambdaAs(recordOf(registration), 'request 2')).toBe(client);
  });
});
