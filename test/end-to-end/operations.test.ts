import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDatabase } from '#local/postgres/shared.ts';
import type { By, Case } from './case.ts';
import { catalogue, contents } from './catalogue.ts';
import { cases } from './operation-cases.ts';
import { startPlatform, type TestPlatform } from './platform.ts';

const undoWindowSeconds = 600;
let platform: TestPlatform;
let url: string;
const open: pg.Client[] = [];
/** What is to be removed at the end of its undo window: the schema of a case and its migration. */
const kept: { one: Case; schema: string; model: string; id: string }[] = [];

beforeAll(async () => {
  platform = await startPlatform();
  url = await createDatabase('operations');
  await platform.addDatabase('shop', url);
});

afterAll(() => Promise.all(open.map((client) => client.end())));

async function connect(searchPath: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(`SET search_path = ${searchPath}`);
  open.push(client);
  return client;
}

async function schemaWith(name: string, statements: string): Promise<pg.Client> {
  const client = await connect(name);
  await client.query(`CREATE SCHEMA ${name}; ${statements}`);
  return client;
}

async function rows(client: pg.Client, query: string): Promise<unknown[]> {
  return (await client.query({ text: query, rowMode: 'array' })).rows;
}

/** Takes one schema from plan to completion, with clients of both versions writing after publish. */
async function complete(one: Case, schema: string): Promise<{ id: string; clients: Record<By, pg.Client> }> {
  const { id } = await platform.start({
    database: 'shop',
    schema,
    operations: one.operations,
    options: { soakSeconds: 7_200, undoWindowSeconds },
  });
  const { clientPath } = await platform.until(id, 'soaking');
  const clients = { old: await connect(schema), new: await connect(clientPath ?? '') };
  for (const [by, statement] of one.writes) await clients[by].query(statement);
  for (const [by, statement, words] of one.refuses ?? [])
    await expect(clients[by].query(statement), statement).rejects.toThrow(words);
  await look(one, clients);
  await platform.act(id, 'complete');
  await platform.until(id, 'completed');
  await look(one, clients);
  for (const [by, statement] of one.afterContract ?? []) await clients[by].query(statement);
  for (const [by, statement, words] of one.refusesAfterContract ?? [])
    await expect(clients[by].query(statement), statement).rejects.toThrow(words);
  return { id, clients };
}

async function look({ sees }: Case, clients: Record<By, pg.Client>): Promise<void> {
  if (sees.old !== undefined) expect(await rows(clients.old, sees.old[0])).toEqual(sees.old[1]);
  if (sees.new !== undefined) expect(await rows(clients.new, sees.new[0])).toEqual(sees.new[1]);
}

describe('every operation, from plan to undo', () => {
  it.concurrent.for(cases.map((one, index) => ({ ...one, index })))('$name', async ({ index, ...one }) => {
    const [undone, schema, model] = ['undone', 'kept', 'model'].map((word) => `c${index}${word}`);
    if (undone === undefined || schema === undefined || model === undefined) return;
    const plain = await schemaWith(undone, one.setup);
    const before = await catalogue(plain, undone);
    const { id, clients } = await complete(one, undone);
    const untouched = await contents(clients.old, undone);
    await platform.act(id, 'undo', { acceptLosses: true });
    const after = await platform.until(id, 'undone');
    expect(await catalogue(plain, undone)).toEqual(before);
    expect(after.differences).toEqual([]);
    const columns = await contents(plain, undone);
    for (const [table, lines] of Object.entries(columns)) expectSubset(lines, untouched[table] ?? []);

    await schemaWith(model, `${one.setup} ${one.plain}`);
    await schemaWith(schema, one.setup);
    kept.push({ one, schema, model, id: (await complete(one, schema)).id });
  });
});

/** Rows after undo are rows before it, without the columns that went away. */
function expectSubset(after: string[], before: string[]): void {
  const wanted = before.map((line): Record<string, unknown> => JSON.parse(line));
  const found = after.map((line): Record<string, unknown> => JSON.parse(line));
  const names = Object.keys(found[0] ?? {});
  const cut = (row: Record<string, unknown>) => JSON.stringify(names.map((name) => row[name]));
  expect(found.map(cut).sort()).toEqual(wanted.map(cut).sort());
}

describe('the end of the undo window', () => {
  it('leaves every table as the plain statement would have, and nothing of ours', async () => {
    await platform.cloud.clock.advance((undoWindowSeconds + 60) * 1_000);
    const sql = await connect('public');
    for (const { one, schema, model, id } of kept) {
      await platform.until(id, 'removed');
      // Columns stand in another order than after ALTER TYPE, which rewrites the table in place.
      const withoutOrder = (lines: string[]) =>
        lines.filter((line) => !line.startsWith('order ') && !line.includes(`~_01_change`));
      expect
        .soft(withoutOrder(await catalogue(sql, schema)), one.name)
        .toEqual(withoutOrder(await catalogue(sql, model)));
      if (one.sees.new !== undefined) {
        await sql.query(`SET search_path = ${schema}`);
        expect.soft(await rows(sql, one.sees.new[0]), one.name).toEqual(one.sees.new[1]);
      }
    }
    expect(await rows(sql, 'SELECT count(*)::int FROM theseus.groups')).toEqual([[0]]);
    expect(
      await rows(
        sql,
        `SELECT proname FROM pg_proc WHERE pronamespace = 'theseus'::regnamespace AND proname LIKE 'write%'`,
      ),
    ).toEqual([]);
  });
});
