import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDatabase } from '#local/postgres/shared.ts';
import { readRanges } from '#migrations/executions/progress.ts';
import { type Platform, startPlatform } from './harness.ts';

const example = (file: string) =>
  readFile(new URL(`../../examples/unify-chunks/${file}`, import.meta.url), 'utf8');
const rows = 1_000;
/** Every hundredth record has a time that is none. */
const bad = rows / 100;

let platform: Platform;
let transforms: string;
let archive: pg.Client;
beforeAll(async () => {
  transforms = await mkdtemp(join(tmpdir(), 'theseus-transforms-'));
  process.env.THESEUS_TRANSFORMS = transforms;
  platform = await startPlatform({ rows: 5 });
  await platform.sql(await example('schema.sql'));
  await platform.sql(
    `INSERT INTO legacy.chunks SELECT g, CASE WHEN g > 10 THEN g / 10 END, ' text ' || g,
       CASE g % 3 WHEN 0 THEN 'A, b' WHEN 1 THEN 'a' END,
       CASE WHEN g % 100 = 50 THEN 'no time' ELSE '2024-01-01T00:00:00Z' END FROM generate_series(1, $1) g`,
    [rows],
  );
  await platform.sql('ANALYZE');
  const url = await createDatabase('archive');
  archive = new pg.Client({ connectionString: url });
  await archive.connect();
  await archive.query(
    `CREATE TABLE chunks (id bigint PRIMARY KEY, contents text NOT NULL, tags text[], changed_at timestamptz)`,
  );
  const added = await platform.send('POST', '/databases', { name: 'archive', url });
  expect(added.status).toBe(201);
}, 120_000);
afterAll(async () => {
  delete process.env.THESEUS_TRANSFORMS;
  await archive.end();
  await rm(transforms, { recursive: true, force: true });
});

const count = async (table: string): Promise<number> =>
  Number((await platform.sql(`SELECT count(*) FROM ${table}`))[0]?.count);
const plan = async (file: string, more: object = {}) =>
  platform.plan(file, { fileName: 'unify-chunks.yaml', options: { ranges: 2 }, ...more });
/** Starts with every consent that the plan asks for. */
const start = async ({ id, plan: planned }: Awaited<ReturnType<typeof plan>>) => {
  const notes = planned?.notes.filter(({ severity }) => severity === 'consent') ?? [];
  await platform.act(id, 'start', { consents: notes.map(({ code }) => code) });
};
const problems = async (file: string, more: object = {}): Promise<string> => {
  const answer = await platform.send('POST', '/migrations', {
    database: 'shop',
    file,
    fileName: 'x.yaml',
    ...more,
  });
  expect(answer.status).toBe(400);
  return JSON.stringify(answer.body.errors);
};

/** A row that is written, and not committed before the gate is open. */
const gate = `CREATE TABLE gate ();
  CREATE FUNCTION wait_at_gate() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    WHILE NOT EXISTS (SELECT FROM public.gate) LOOP PERFORM pg_sleep(0.02); END LOOP; RETURN NEW;
  END $$;
  CREATE TRIGGER wait_at_gate AFTER INSERT ON unified_chunks FOR EACH ROW WHEN (NEW.chunk_id = 300)
    EXECUTE FUNCTION wait_at_gate()`;
/** Looks until a session that loads is there of which this is true. */
async function seen(what: string) {
  let found: { pid?: number }[] = [];
  const look = async () => {
    found = await platform.sql(
      `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE '%load%' AND ${what}`,
    );
    return found.length;
  };
  await expect.poll(look, { timeout: 60_000, interval: 20 }).toBeGreaterThan(0);
  return found;
}

describe('a data migration', { timeout: 120_000 }, () => {
  it('is carried through a restart, keeps refused records apart, loads them again, and is taken back', async () => {
    const file = await example('unify-chunks.yaml');
    await platform.sql(gate);
    const { id, plan: planned, kind } = await plan(file);
    expect(kind).toBe('data');
    expect(planned).toMatchObject({ findings: [], undo: 'lossy' });
    const bases = async () => {
      const asked = { database: 'shop', file, fileName: 'unify-chunks.yaml' };
      const { body } = await platform.send('POST', '/migrations?dryRun=true', asked);
      const steps: { phase: string; basis: string }[] = body.forecast.steps;
      return new Set(steps.map(({ phase, basis }) => `${phase} ${basis}`));
    };
    expect(await bases()).toEqual(new Set(['load default', 'relate default', 'verify default']));
    expect(await count('unified_chunks')).toBe(0);
    let killed = false;
    platform.hook.current = async ({ name, stage }) => {
      if (name !== 'migrations-load-range' || stage !== 'after' || killed) return;
      killed = true;
      throw Object.assign(new Error('The worker died'), { name: 'Lambda.Unknown' });
    };
    await platform.act(id, 'start');
    // One dies inside of its work: the statement that it has begun runs on and has its rows, uncommitted.
    const [dead] = await seen(`wait_event = 'PgSleep'`);
    expect(await count('unified_chunks WHERE chunk_id = 300')).toBe(0);
    await platform.restart();
    // The next one comes to the same rows meanwhile, and makes way; where the server gave the statement up, to the gate.
    await seen(`pid <> ${dead?.pid} AND (wait_event_type = 'Lock' OR wait_event = 'PgSleep')`);
    await platform.sql('INSERT INTO gate DEFAULT VALUES');
    const done = await platform.until(id, 'completed');
    platform.hook.current = undefined;
    expect(killed).toBe(true);
    // Each row is noted once, whoever wrote it.
    expect(
      await platform.sql(
        `SELECT count(*)::int AS n FROM theseus.loads, jsonb_array_elements(inserted) AS each(key)
         WHERE load = '1-unified_chunks' AND key = '["300"]'`,
      ),
    ).toEqual([{ n: 1 }]);
    expect(done.verification).toMatchObject({ wrong: 0 });
    expect(done.unexpected).toEqual([]);
    // Each bad record is missed by its tags, its children and the tree.
    expect(await count('unified_chunks')).toBe(rows - bad);
    const listed = await platform.send('GET', `/migrations/${id}/errors?limit=1`);
    expect(listed.body).toMatchObject({
      items: [
        {
          from: 'chunks',
          to: 'unified_chunks',
          key: ['50'],
          error: { sqlstate: '22007' },
          attempts: expect.any(Number),
        },
      ],
      nextCursor: expect.any(String),
    });
    expect(done.refused?.records).toBeGreaterThanOrEqual(bad);
    expect(await bases()).toEqual(new Set(['load measured', 'relate measured', 'verify measured']));
    for (const { memoryBytes } of await readRanges(id, 'compare')) expect(memoryBytes).toBeGreaterThan(0);

    await platform.sql(`UPDATE legacy.chunks SET created = '2024-01-01T00:00:00Z' WHERE id % 100 = 50`);
    let left = Number.POSITIVE_INFINITY;
    while (left > 0) {
      const { status, body } = await platform.send('POST', `/migrations/${id}/redrive`);
      expect(status, JSON.stringify(body)).toBe(200);
      expect(body.left).toBeLessThan(left);
      left = body.left;
    }
    expect(await count('unified_chunks')).toBe(rows);
    expect(await platform.sql(`SELECT parent FROM unified_chunks WHERE chunk_id = 505`)).toEqual([
      { parent: '50' },
    ]);
    expect(
      await platform.sql(`SELECT ancestor FROM chunk_hierarchy WHERE descendant = 505 ORDER BY depth`),
    ).toEqual([{ ancestor: '50' }, { ancestor: '5' }]);
    await platform.act(id, 'undo');
    await platform.until(id, 'undone');
    expect(
      (await count('unified_chunks')) + (await count('chunk_tags')) + (await count('chunk_hierarchy')),
    ).toBe(0);
  });

  it('pauses when too many records are refused, and is rolled back', async () => {
    await platform.sql(`UPDATE legacy.chunks SET created = 'never' WHERE id <= 20`);
    const planned = await plan((await example('unify-chunks.yaml')).replace('most: 500', 'most: 5'));
    const { id } = planned;
    await start(planned);
    const paused = await platform.until(id, 'paused');
    expect(paused.failure).toMatchObject({ name: 'TooManyErrors', evidence: { allowed: 5 } });
    await platform.act(id, 'rollback');
    await platform.until(id, 'rolled_back');
    expect(await count('unified_chunks')).toBe(0);
    await platform.sql(`UPDATE legacy.chunks SET created = '2024-01-01T00:00:00Z' WHERE id <= 20`);
  });

  it('goes into another database by a module, and the next run takes only what changed', async () => {
    await writeFile(
      join(transforms, 'chunks.ts'),
      `export default ({ id, content, tags, changed_at }: Record<string, unknown>) =>
         ({ id, contents: String(content).trim(), tags: String(tags ?? '').split(', ').filter(Boolean), changed_at });`,
    );
    const file = `
data:
  from: { database: shop, schema: legacy }
  strategy: incremental
  tables:
    - from: chunks
      to: chunks
      columns: [id, contents, tags, changed_at]
      module: chunks.ts
      watermark: changed_at
      overlap: 0 seconds
`;
    const run = async () => {
      const planned = await plan(file, { database: 'archive' });
      await start(planned);
      return platform.until(planned.id, 'completed');
    };
    await archive.query(`INSERT INTO chunks VALUES (99999, 'of somebody else')`);
    const others = [{ table: 'chunks', rows: 1, keys: [['99999']] }];
    const { id: rehearsed } = await plan(file, { database: 'archive' });
    const { body: begun } = await platform.send('POST', `/migrations/${rehearsed}/rehearsals`, {
      sample: 50,
    });
    const path = `/migrations/${rehearsed}/rehearsals/${begun.id}`;
    await expect
      .poll(async () => (await platform.send('GET', path)).body.status, { timeout: 60_000, interval: 50 })
      .not.toBe('running');
    expect((await platform.send('GET', path)).body).toMatchObject({
      status: 'passed',
      report: { refused: { records: 0 }, verification: { wrong: 0 } },
    });
    const first = await run();
    expect(first.progress.rowsDone).toBe(rows);
    expect(first.unexpected).toEqual(others);
    expect((await archive.query(`SELECT contents, tags FROM chunks WHERE id = 3`)).rows).toEqual([
      { contents: 'text 3', tags: ['A', 'b'] },
    ]);
    await archive.query('ANALYZE');
    await platform.sql(
      `UPDATE legacy.chunks SET content = 'new', changed_at = now() + interval '1 hour' WHERE id IN (7, 8)`,
    );
    const second = await run();
    expect(second.progress.rowsWritten).toBe(2);
    expect(second.unexpected).toEqual(others);
    expect(
      (await archive.query(`SELECT count(*)::int FROM chunks WHERE contents = 'new'`)).rows[0]?.count,
    ).toBe(2);
    await platform.act(second.id, 'undo');
    await platform.until(second.id, 'undone');
    expect(
      (await archive.query(`SELECT count(*)::int FROM chunks WHERE contents = 'new'`)).rows[0]?.count,
    ).toBe(0);
  });

  it('is refused with the field that is wrong', async () => {
    const one = (table: object) => JSON.stringify({ data: { from: { schema: 'legacy' }, tables: [table] } });
    expect(await problems(one({ from: 'chunk', to: 'unified_chunks' }))).toContain(
      'did you mean \\"chunks\\"',
    );
    expect(
      await problems(one({ from: 'chunks', to: 'unified_chunks', sql: 'SELECT id AS chunk_id FROM source' })),
    ).toContain('unified_chunks.contents may not be null');
    expect(
      await problems(one({ from: 'chunks', to: 'unified_chunks', sql: 'DELETE FROM chunks' })),
    ).toContain('Expected one SELECT');
    expect(
      await problems(
        one({ from: 'chunks', to: 'chunk_tags', jsonata: '$lower(', columns: ['chunk_id', 'tag'] }),
      ),
    ).toContain('The JSONata does not parse');
    expect(
      await problems(
        one({ from: 'chunks', to: 'chunk_tags', module: '../x.ts', columns: ['chunk_id', 'tag'] }),
      ),
    ).toContain('may not lead out');
    expect(await problems(one({ from: 'chunks', to: 'chunk_tags', jsonata: '$', sql: 'SELECT' }))).toContain(
      'at most one of',
    );
  });
});
