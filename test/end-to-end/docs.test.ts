import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, describe, expect, it } from 'vitest';
import { createDatabase } from '#local/postgres/shared.ts';
import * as errors from '#migrations/errors.ts';
import { RecordContended, RecordUnreadable, TheseusError } from '#platform/errors.ts';
import { missingLine } from './guide.ts';
import { runGuide } from './run-guide.ts';

const docs = join(import.meta.dirname, '..', '..', 'docs');
/** Roles that the guides make; roles belong to the whole server. */
const roles = ['shop_app_v2', 'shop_app', 'shop_owner'];
const databases: string[] = [];

const afterwards: (() => Promise<void>)[] = [];

async function administer(url: string, statements: string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  for (const statement of statements) await client.query(statement);
  await client.end();
}

afterAll(async () => {
  for (const undo of afterwards) await undo();
  const made = `SELECT FROM pg_roles WHERE rolname = '`;
  const letGo = (role: string) =>
    `DO $$ BEGIN IF EXISTS (${made}${role}') THEN DROP OWNED BY ${role} CASCADE; END IF; END $$`;
  for (const url of databases) await administer(url, roles.map(letGo));
  // A role goes only when no database needs it any more.
  for (const url of databases.slice(0, 1)) {
    await administer(
      url,
      roles.map((role) => `DROP ROLE IF EXISTS ${role}`),
    );
  }
});

/** What the blocks are written for; a machine without it can still run everything else. */
const has = (program: string) => spawnSync(program, ['--version']).error === undefined;
const guides = [
  'migrations.md',
  'running-locally.md',
  'cli.md',
  'lint.md',
  'schema-registry.md',
  'fleets.md',
  'monitoring.md',
  'data-migrations.md',
  'permissions.md',
  'blue-green.md',
  'webhooks.md',
  'slack.md',
  'circuit-breakers.md',
  'configuration.md',
  'configuration-clients.md',
  'secrets.md',
  'flags.md',
  'experiments.md',
  'flag-rollouts.md',
  'configuration-updates.md',
  'services.md',
  'apis.md',
  'deployments.md',
  ...(has('curl') ? ['http-api.md', 'gateway.md', 'api-serving.md'] : []),
  'api-deprecation.md',
  'graphql-evolution.md',
];

/** The guide's second database, which its text calls shop_green. */
async function besides(url: string): Promise<void> {
  const name = `${new URL(url).pathname.slice(1)}_green`;
  await administer(url, [`CREATE DATABASE "${name}"`]);
  afterwards.push(() => administer(url, [`DROP DATABASE "${name}" WITH (FORCE)`]));
}

describe.skipIf(process.platform === 'win32')('the guides, block by block', () => {
  it.each(guides)('%s', async (name) => {
    const url = await createDatabase('guide');
    databases.push(url);
    if (name === 'blue-green.md') await besides(url);
    const { ran } = await runGuide(join(docs, name), url);
    expect(ran).toBeGreaterThan(3);
  });
});

it('misses lines that are not there, or not in order', () => {
  const printed = 'a  | b\n 1 | 22\nUPDATE 1\n';
  expect(missingLine('a | b\n---+---\n1 | …\nUPDATE 1', printed)).toBeUndefined();
  expect(missingLine('1 | 2', printed)).toBe('1 | 2');
  expect(missingLine('UPDATE 1\na | b', printed)).toBe('a | b');
});

type Named = new (message: string) => TheseusError;
const named = Object.entries({ ...errors, RecordContended, RecordUnreadable })
  .filter(([, value]) => value.prototype instanceof TheseusError)
  // All are made from a message.
  .map(([name, value]) => [name, value as Named] as const);

function errorTable(): { name: string; again: boolean }[] {
  const text = readFileSync(join(docs, 'migrations.md'), 'utf8');
  const section = text.slice(text.indexOf('\n## Errors\n'));
  return [...section.matchAll(/^\| `(\w+)` \| (\S.*) \| \S.* \|$/gm)].map(([, name = '', meaning = '']) => ({
    name,
    again: meaning.endsWith('(again)'),
  }));
}

it('docs/migrations.md explains every named error, and no other', () => {
  const explained = errorTable().map(({ name }) => name);
  expect(explained.toSorted()).toEqual(named.map(([name]) => name).toSorted());
});

it('docs/migrations.md says of which errors trying again may help', () => {
  const again = errorTable().flatMap((row) => (row.again ? [row.name] : []));
  const retryable = named.flatMap(([name, Made]) => (new Made('x').retryable ? [name] : []));
  expect(again.toSorted()).toEqual(retryable.toSorted());
});

it('docs/migrations.md lists every note of a plan with its severity', () => {
  const text = readFileSync(join(docs, 'migrations.md'), 'utf8');
  const listed = [...text.matchAll(/^\| `(\w+)` \| (consent|warning|info) \|/gm)].map(([, ...words]) =>
    words.join(' '),
  );
  const rules = join(docs, '..', 'functions', 'migrations', '{plan,operations}', '*.ts');
  const made = globSync(rules).flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(/code: '(\w+)',\s+severity: '(\w+)'/g)].map(([, ...words]) =>
      words.join(' '),
    ),
  );
  expect(made.length).toBeGreaterThan(10);
  expect(listed.toSorted()).toEqual([...new Set(made)].toSorted());
});
