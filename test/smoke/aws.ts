import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Database } from '#migrations/databases/schemas.ts';
import { Migration } from '#migrations/schemas.ts';
import { root } from '../../cdk/constructs/repository.ts';
import { call } from '../../cli/client.ts';
import type { Platform } from '../../cli/platform.ts';
import { cdk, emptyBucket, readOutput, requireAccount, runSql, tokenOf } from './account.ts';
import { smokeName, user } from './stack.ts';

const explanation = `Deploys Theseus into the AWS account of your credentials, migrates a small PostgreSQL there and removes everything.

  npm run smoke:aws -- --yes          about 35 minutes, below 1 US dollar
  npm run smoke:aws -- --yes --keep   leaves everything in place; run again without --keep to remove it

It makes the stacks ${smokeName} (network, RDS db.t4g.micro, Cognito user pool) and ${smokeName}-dev-{stateful,connector,service}.
The account and Region need \`npx cdk bootstrap\` once.`;

const stage = `${smokeName}-dev`;
const context = ['--context', `theseus=${JSON.stringify({ name: smokeName })}`];
const surroundings = ['--app', 'node_modules/.bin/node test/smoke/app.ts', '--output', 'cdk.out/smoke'];
const rows = 20_000;

interface Deployed {
  outputs: (stack: string, name: string) => string;
  platform: Platform;
}

async function deploy(region: string): Promise<Deployed> {
  const directory = mkdtempSync(join(tmpdir(), 'theseus-smoke-'));
  const around = join(directory, 'around.json');
  const environment = join(directory, 'environment.json');
  const password = `Aa1!${randomBytes(24).toString('base64url')}`;
  const always = ['--require-approval', 'never', '--outputs-file'];
  await cdk([
    'deploy',
    ...surroundings,
    ...always,
    around,
    '--parameters',
    `${smokeName}:UserPassword=${password}`,
  ]);

  const given = (name: string) => readOutput(around, smokeName, name);
  const parameters = {
    [`${stage}-connector:SubnetIds`]: given('SubnetIds'),
    [`${stage}-connector:SecurityGroupIds`]: given('SecurityGroupIds'),
    [`${stage}-connector:VpcId`]: given('VpcId'),
    [`${stage}-connector:RouteTableIds`]: given('RouteTableIds'),
    [`${stage}-connector:MakeEndpoints`]: 'yes',
    [`${stage}-connector:ConnectionArnPrefix`]: given('SecretArn'),
    // A new account has ten concurrent invocations in all and reserves none.
    [`${stage}-connector:RangeConcurrency`]: '0',
    [`${stage}-connector:StepConcurrency`]: '0',
    [`${stage}-service:JwtIssuer`]: given('JwtIssuer'),
    [`${stage}-service:JwtAudience`]: given('JwtAudience'),
  };
  const flags = Object.entries(parameters).flatMap(([name, value]) => ['--parameters', `${name}=${value}`]);
  await cdk(['deploy', 'dev/*', ...context, ...always, environment, ...flags]);

  const token = await tokenOf(region, { clientId: given('JwtAudience'), username: user, password });
  const url = readOutput(environment, `${stage}-service`, 'ApiUrl').replace(/\/$/, '');
  return {
    outputs: (stack, name) => readOutput(stack === smokeName ? around : environment, stack, name),
    platform: { url, token },
  };
}

/** Waits until the migration stands where it should. Throws when it fails, or after 15 minutes. */
async function until(platform: Platform, id: string, wanted: Migration['status']): Promise<void> {
  for (let attempt = 0; attempt < 180; attempt++) {
    const found = await call(platform, { method: 'GET', path: `/migrations/${id}`, answer: Migration });
    if (found.status === wanted) return;
    process.stdout.write(`  ${found.status} ${found.phase ?? ''} ${found.progress.rowsDone} rows\n`);
    if (['failed', 'rolled_back', 'rejected'].includes(found.status)) {
      throw new Error(`The migration ended as ${found.status}: ${JSON.stringify(found.failure)}`);
    }
    await sleep(5_000);
  }
  throw new Error(`The migration ${id} was not ${wanted} within 15 minutes`);
}

/** The shop of the examples with names made by SQL, so that every expected value can be computed again. */
const seed = (): string[] => [
  'DROP SCHEMA public CASCADE',
  'CREATE SCHEMA public',
  readFileSync(`${root}examples/shop.sql`, 'utf8'),
  `INSERT INTO customers (name, email) SELECT 'First' || n || ' Last' || n, n || '@example.com' FROM generate_series(1, ${rows}) n`,
];

async function migrate({ outputs, platform }: Deployed): Promise<void> {
  const sql = (...statements: string[]) => runSql(outputs(smokeName, 'SqlFunction'), statements);
  const columns = `SELECT column_name, data_type, is_nullable FROM information_schema.columns WHERE table_schema = 'public' ORDER BY table_name, ordinal_position`;
  await sql(...seed());
  const before = await sql(columns);

  const database = await call(platform, {
    method: 'POST',
    path: '/databases',
    body: { name: 'shop', secretArn: outputs(smokeName, 'SecretArn') },
    answer: Database,
  });
  const planned = await call(platform, {
    method: 'POST',
    path: '/migrations',
    body: {
      database: database.name,
      file: readFileSync(`${root}examples/01-split-name.yaml`, 'utf8'),
      fileName: '01-split-name.yaml',
      options: { soakSeconds: 0 },
    },
    answer: Migration,
  });
  const consents = planned.plan?.notes.flatMap(({ code, severity }) =>
    severity === 'consent' ? [code] : [],
  );
  const path = `/migrations/${planned.id}`;
  await call(platform, { method: 'POST', path: `${path}/start`, body: { consents }, answer: Migration });
  await until(platform, planned.id, 'completed');

  const view = planned.plan?.versionSchema ?? '';
  const [wrong] = await sql(
    `SELECT count(*)::int AS rows, count(*) FILTER (WHERE first_name IS DISTINCT FROM 'First' || split_part(email, '@', 1)
       OR last_name IS DISTINCT FROM 'Last' || split_part(email, '@', 1))::int AS wrong FROM "${view.replaceAll('"', '""')}".customers`,
  );
  if (wrong?.rows !== rows || wrong.wrong !== 0) {
    throw new Error(`After the migration: ${JSON.stringify(wrong)}, expected ${rows} rows and none wrong`);
  }
  await call(platform, { method: 'POST', path: `${path}/undo`, body: {}, answer: Migration });
  await until(platform, planned.id, 'undone');
  const after = await sql(columns);
  if (JSON.stringify(after) !== JSON.stringify(before)) {
    throw new Error(
      `After undo the columns are ${JSON.stringify(after)}, expected ${JSON.stringify(before)}`,
    );
  }
  process.stdout.write(`Migrated ${rows} rows, every one right; undone, every column as before.\n`);
}

async function remove(deployed: Deployed | undefined): Promise<void> {
  for (const bucket of ['ArtifactsBucket', 'AccessLogsBucket']) {
    if (deployed !== undefined) await emptyBucket(deployed.outputs(`${stage}-stateful`, bucket));
  }
  await cdk(['destroy', 'dev/*', '--force', ...context]);
  await cdk(['destroy', ...surroundings, '--force', smokeName]);
}

/** Exit codes: 0 all went well, 1 something failed (what was made is removed all the same), 2 nothing was done. */
async function main(): Promise<number> {
  const { values } = parseArgs({ options: { yes: { type: 'boolean' }, keep: { type: 'boolean' } } });
  if (!values.yes) {
    process.stdout.write(`${explanation}\n`);
    return 2;
  }
  const region = await requireAccount();
  let deployed: Deployed | undefined;
  let code = 0;
  try {
    deployed = await deploy(region);
    await migrate(deployed);
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n`);
    code = 1;
  }
  if (!values.keep) await remove(deployed);
  return code;
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = 1;
}
