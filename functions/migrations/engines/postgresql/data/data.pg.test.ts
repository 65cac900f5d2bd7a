import fc from 'fast-check';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDatabase } from '#local/postgres/shared.ts';
import { comparisonsOf } from '../../../data/comparisons.ts';
import { parseDataFile } from '../../../data/file.ts';
import { createDataPlan, watermarkName } from '../../../data/plan.ts';
import type { RightsMissing } from '../../../errors.ts';
import { transformOf } from '../../../loading/transform.ts';
import { START } from '../../../pacing/pace.ts';
import { forecastOf } from '../../../plan/forecast.ts';
import { planHash } from '../../../plan/hash.ts';
import type { Load, Plan } from '../../../plan/schemas.ts';
import type { Engine, Fence } from '../../engine.ts';
import { openPostgres } from '../engine.ts';

let url: string;
let engine: Engine;
let client: pg.Client;
const sql = async (text: string, values: unknown[] = []) => (await client.query(text, values)).rows;
const whole = { from: null, to: null };
const run = () => ({ signal: new AbortController().signal, until: Number.POSITIVE_INFINITY });
let epoch = 0;

beforeAll(async () => {
  url = await createDatabase('data');
  engine = await openPostgres(url, { applicationName: 'theseus:test' });
  client = new pg.Client({ connectionString: url });
  await client.connect();
  await sql(`CREATE SCHEMA old; CREATE SCHEMA new;
    CREATE TABLE old.people (id bigint PRIMARY KEY, name text, tags text[], boss bigint, amount text);
    CREATE TABLE new.people (id bigint PRIMARY KEY, given varchar(8) NOT NULL, amount numeric(10,2), boss bigint REFERENCES new.people);
    CREATE TABLE new.tags (person bigint REFERENCES new.people, tag text, PRIMARY KEY (person, tag))`);
});
afterAll(() => client.end());

const file = `
name: people
data:
  from: { schema: old }
  tables:
    - from: people
      to: tags
      sql: SELECT id AS person, tag FROM source, unnest(tags) AS tag
    - from: people
      to: people
      sql: SELECT id, split_part(name, ' ', 1) AS given, amount::numeric AS amount, boss FROM source
`;

async function planOf(text: string, watermarks?: Map<string, string>, by = engine): Promise<Plan> {
  const [source, target] = [await by.snapshot('old'), await by.snapshot('new')];
  return createDataPlan({
    file: parseDataFile(text),
    source: { databaseId: 'db_1', name: 'shop', schema: 'old', snapshot: source, sameDatabase: true },
    target,
    describe: (...asked) => by.describeRows(...asked),
    hasRows: (table) => by.hasRows(table),
    watermarks: watermarks ?? (await engine.watermarks('people', 'new')),
  });
}

async function describeIncremental(watermark: string, watermarks: Map<string, string>): Promise<Load> {
  const sql = "SELECT id, coalesce(name, 'x') AS given FROM source";
  const tables = [{ from: 'people', to: 'people', sql, watermark }];
  const data = { from: { schema: 'old' }, strategy: 'incremental', tables };
  const plan = await planOf(JSON.stringify({ name: 'people', data }), watermarks);
  return plan.data?.loads[0] as Load;
}

/** Carries a plan through its levels and relations, then compares until a pass is clean. */
async function carry(
  plan: Plan,
  by = engine,
  watermarks = {},
): Promise<{ fence: Fence; errors: number; wrong: number; unexpected: number }> {
  epoch += 1;
  const fence = { migration: `mig_${epoch}`, epoch };
  await by.takeFence(fence, { name: 'people', schema: 'new', phase: 'load' });
  await by.prepareLoads(fence, 'people', 'new', watermarks);
  const loads = plan.data?.loads ?? [];
  const byId = (id: string) => loads.find((load) => load.id === id) as Load;
  let errors = 0;
  for (const [ids, all] of [
    ...(plan.data?.levels ?? []).map((level) => [level, false] as const),
    [plan.data?.relations ?? [], true] as const,
  ]) {
    for (const load of ids.map(byId)) {
      const source = await by.openRowSource(load, await transformOf(load));
      const { progress } = await by.loadRange(load, source, whole, fence, {
        ...run(),
        from: null,
        whole: all,
        pace: START,
        onProgress: async () => true,
      });
      errors += progress.errors ?? 0;
      await source.close();
    }
  }
  const compared = await compare(loads, fence, by);
  return { fence, errors, ...compared };
}

async function compare(loads: Load[], fence: Fence, by = engine) {
  let wrong = 0;
  let unexpected = 0;
  for (const load of loads) {
    const source = await by.openRowSource(load, await transformOf(load));
    const found = await by.compareRange(load, source, whole, fence, { ...run(), from: null });
    wrong += found.wrong;
    unexpected += found.unexpectedRows;
    await source.close();
  }
  return { wrong, unexpected };
}

interface Person {
  name: string;
  tags: string[];
  amount: number | null;
  bad: boolean;
}

const word = fc.string({
  unit: fc.constantFrom('a', 'B', 'ß', '"', "'", '\\', '{', ',', '雪'),
  maxLength: 7,
});
const person: fc.Arbitrary<Person> = fc.record({
  name: word,
  tags: fc.uniqueArray(word, { maxLength: 4 }),
  amount: fc.option(fc.integer({ min: -99_999, max: 99_999 }).map((cents) => cents / 100)),
  bad: fc.integer({ min: 0, max: 19 }).map((n) => n === 0),
});

async function fillOld(people: Person[]): Promise<void> {
  await sql('TRUNCATE old.people');
  await sql(`INSERT INTO old.people SELECT * FROM json_populate_recordset(NULL::old.people, $1)`, [
    JSON.stringify(
      people.map(({ name, tags, amount, bad }, index) => ({
        id: index + 1,
        name: `${name} x`,
        tags,
        boss: index === 0 ? null : people.length - index + 1 === index + 1 ? 1 : people.length - index + 1,
        amount: bad ? 'much' : amount === null ? null : String(amount),
      })),
    ),
  ]);
}

describe('rows that are loaded', () => {
  it('need rights that the plan names: with these very grants, and no fewer, they are loaded', async () => {
    const database = new URL(url).pathname.slice(1);
    const role = `loader_${database.slice(-10)}`;
    await sql(`CREATE TABLE old.words (word text); INSERT INTO old.words VALUES ('x');
      CREATE TABLE old.things (id bigint PRIMARY KEY, what text); INSERT INTO old.things VALUES (41, 'a');
      CREATE SEQUENCE new.batches;
      CREATE TABLE new.things (id bigserial PRIMARY KEY, what text, nr serial, batch bigint DEFAULT nextval('new.batches'),
        own bigint GENERATED ALWAYS AS IDENTITY);
      CREATE ROLE ${role} LOGIN PASSWORD 'secret'`);
    const own = new URL(url);
    Object.assign(own, { username: role, password: 'secret' });
    const by = await openPostgres(own.href, { applicationName: 'theseus:test' });
    const select = 'SELECT id, what || w.word AS what FROM source, words AS w';
    const data = { from: { schema: 'old' }, tables: [{ from: 'things', to: 'things', sql: select }] };
    const things = () => planOf(JSON.stringify({ name: 'things', data }), new Map(), by);
    const grants = async (text: string) => {
      const all = text.match(/GRANT [^;]*/g) ?? [];
      for (const grant of all) await sql(grant);
      return all.map((grant) => grant.replace(/ TO .*/, ''));
    };
    const refused = await things().catch((error: unknown) => error);
    expect(refused).toMatchObject({ name: 'RightsMissing' });
    expect(await grants((refused as RightsMissing).action ?? '')).toEqual([
      'GRANT USAGE ON SCHEMA "old"',
      'GRANT SELECT ON "old"."things"',
      'GRANT USAGE ON SCHEMA "old"',
      'GRANT SELECT ON "old"."words"',
    ]);
    const plan = await things();
    const found = await by.validate(plan, run());
    expect(await grants(found.map(({ action }) => action).join('; '))).toEqual([
      `GRANT CREATE ON DATABASE "${database}"`,
      'GRANT USAGE ON SCHEMA "new"',
      'GRANT SELECT, INSERT, UPDATE, DELETE ON "new"."things"',
      'GRANT USAGE ON SEQUENCE new.batches',
      'GRANT SELECT, UPDATE ON SEQUENCE new.things_id_seq',
      'GRANT USAGE ON SEQUENCE new.things_nr_seq',
    ]);
    expect(await by.validate(plan, run())).toEqual([]);
    const load = plan.data?.loads[0] as Load;
    expect(await carry(plan, by)).toMatchObject({ errors: 0, wrong: 0 });
    await by.advanceSequences(load);
    await sql(`INSERT INTO new.things (what) VALUES ('later')`);
    expect(await sql('SELECT id::int, what, own::int FROM new.things ORDER BY id')).toEqual([
      { id: 41, what: 'ax', own: 1 },
      { id: 42, what: 'later', own: 2 },
    ]);
    await sql(`DROP OWNED BY ${role} CASCADE; DROP ROLE ${role}`);
  });

  it('are what a model says, whatever the rows, and go again', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(person, { maxLength: 30 }), async (people) => {
        await sql('TRUNCATE new.people, new.tags');
        await fillOld(people);
        const plan = await planOf(file);
        const { fence, errors, wrong, unexpected } = await carry(plan);
        const good = new Set(people.flatMap(({ bad }, index) => (bad ? [] : [index + 1])));
        const rows = await sql(
          'SELECT id::int, given, amount::float8, boss::int FROM new.people ORDER BY id',
        );
        const bosses = await sql('SELECT id::int, boss::int FROM old.people');
        const bossOf = new Map(bosses.map(({ id, boss }) => [id, boss]));
        expect(rows).toEqual(
          people.flatMap(({ name, amount }, index) => {
            const id = index + 1;
            if (!good.has(id)) return [];
            const boss = bossOf.get(id) ?? null;
            return [{ id, given: name, amount, boss: boss === null || good.has(boss) ? boss : null }];
          }),
        );
        const tags = await sql('SELECT person::int, tag FROM new.tags ORDER BY person, tag COLLATE "C"');
        expect(tags.length).toBe(
          people.reduce((sum, one, index) => sum + (good.has(index + 1) ? one.tags.length : 0), 0),
        );
        expect({ wrong, unexpected }).toEqual({ wrong: 0, unexpected: 0 });
        expect(await engine.countRecordErrors(fence.migration)).toBe(errors);
        await engine.takeBackLoads(plan.data?.loads ?? [], fence, run());
        expect(await sql('SELECT FROM new.people UNION ALL SELECT FROM new.tags')).toEqual([]);
      }),
      { numRuns: 8 },
    );
  });

  it('ask for consent to overwriting others where there are some, whatever the statistics say', async () => {
    const consents = async () =>
      (await planOf(file)).notes.filter(({ severity }) => severity === 'consent').map(({ code }) => code);
    await sql('TRUNCATE new.people, new.tags; ANALYZE new.people');
    expect(await consents()).toEqual([]);
    const empty = planHash(await planOf(file));
    await sql(`INSERT INTO new.people VALUES (1, 'one')`);
    expect(await consents()).toEqual(['rows_overwritten']);
    await sql('ANALYZE new.people; DELETE FROM new.people');
    expect(await consents()).toEqual([]);
    expect(planHash(await planOf(file))).toBe(empty);
  });

  it('are forecast from the statistics, table by table, with the room they take', async () => {
    await sql('TRUNCATE new.people, new.tags, old.people');
    await sql(
      `INSERT INTO old.people SELECT g, 'p' || g, ARRAY['a', 'b'], NULL, g FROM generate_series(1, 4000) g`,
    );
    await sql('ANALYZE old.people');
    const plan = await planOf(file);
    const { steps, diskBytes, walBytes, strategies } = forecastOf(plan, { concurrency: 1, approvals: [] });
    expect(steps.map(({ id, after, rows, basis }) => ({ id, after, rows, basis }))).toEqual([
      { id: 'load.2-people', after: [], rows: 4000, basis: 'default' },
      { id: 'load.1-tags', after: ['load.2-people'], rows: 4000, basis: 'default' },
      { id: 'relate.2-people', after: ['load.1-tags'], rows: 4000, basis: 'default' },
      { id: 'verify.1-tags', after: ['relate.2-people'], rows: expect.any(Number), basis: 'default' },
      { id: 'verify.2-people', after: ['relate.2-people'], rows: 4000, basis: 'default' },
    ]);
    // A record has two tags: what unnest gives is guessed by the server, and never less than one.
    const tags = plan.data?.loads[0]?.estimatedResult?.rows ?? 0;
    expect(tags).toBeGreaterThanOrEqual(4000);
    const [first] = steps;
    expect(first?.durationMs.high).toBeGreaterThan(first?.durationMs.low ?? 0);
    expect(first?.diskBytes).toBeGreaterThan(4000 * 28);
    expect(diskBytes).toBeGreaterThan((first?.diskBytes ?? 0) * 1.5);
    expect(walBytes).toBeGreaterThan(0);
    expect(strategies.filter(({ impossible }) => impossible === null)).toHaveLength(1);
    // Only what changed: as many as the statistics of the watermark's column say.
    const since = (at: string, value: string) =>
      describeIncremental(at, new Map([[JSON.stringify(['people', 'people']), value]]));
    expect((await since('id', '3000')).estimatedRows).toBeLessThan(1100);
    expect((await since('id', '0')).estimatedRows).toBeGreaterThan(3900);
    // Every run and every minute has other figures: none of them is part of what was approved.
    await sql('TRUNCATE old.people');
    expect(planHash(await planOf(file))).toBe(planHash(plan));
  });

  it('are told from rows of others where the source cannot be asked by key', async () => {
    await sql('TRUNCATE new.people, new.tags, old.people');
    await sql(`INSERT INTO old.people SELECT g, 'p' || g, ARRAY['a'], NULL, g FROM generate_series(1, 50) g`);
    // 3 is given, too; 9 differs from what is given only until it is loaded.
    await sql(`INSERT INTO new.people VALUES (3, 'p3', 3), (9, 'before', NULL), (9001, 'stranger', 1)`);
    const look = async (plan: Plan, { fence }: { fence: Fence }) => {
      const works = plan.data === undefined ? [] : comparisonsOf(plan.data, 'full');
      const [keys, ...more] = works.filter(({ by }) => by === 'keys');
      expect(more).toEqual([]);
      const found = await engine.findOthers(keys?.load as Load, whole, fence, { ...run(), from: null });
      expect(found).toMatchObject({ status: 'done', wrong: 0, unexpectedRows: found.unexpected.length });
      return found.unexpected.flat().toSorted();
    };
    const keysKept = async () => (await sql('SELECT count(*)::int AS n FROM theseus.given'))[0]?.n;
    const of = (table: object, more: object = {}) =>
      planOf(JSON.stringify({ name: 'people', data: { from: { schema: 'old' }, ...more, tables: [table] } }));

    const expression = '{ "id": id, "given": name, "amount": amount }';
    const byCode = await of({
      from: 'people',
      to: 'people',
      jsonata: expression,
      columns: ['id', 'given', 'amount'],
    });
    const carried = await carry(byCode);
    expect(carried).toMatchObject({ errors: 0, wrong: 0 });
    expect(await look(byCode, carried)).toEqual(['9001']);
    await engine.takeBackLoads(byCode.data?.loads ?? [], carried.fence, run());
    expect(await keysKept()).toBe(0);
    expect(await sql('SELECT id::int, given FROM new.people ORDER BY id')).toEqual([
      { id: 3, given: 'p3' },
      { id: 9, given: 'before' },
      { id: 9001, given: 'stranger' },
    ]);

    const changes = () =>
      of(
        {
          from: 'people',
          to: 'people',
          sql: 'SELECT id, name AS given FROM source',
          watermark: 'id',
          overlap: '0',
        },
        { strategy: 'incremental' },
      );
    const first = await changes();
    const one = await carry(first, engine, { [watermarkName({ name: 'people' }, { name: 'people' })]: '50' });
    expect(await look(first, one)).toEqual(['9001']);
    await engine.keepWatermarks(one.fence);
    await sql(`INSERT INTO old.people VALUES (51, 'p51'); INSERT INTO new.people VALUES (60, 'another')`);
    const second = await changes();
    const two = await carry(second);
    expect(await sql('SELECT count(*)::int AS n FROM new.people')).toEqual([{ n: 53 }]);
    // Rows of the run before are no strangers, and those that the source has lost are none, either.
    await sql('DELETE FROM old.people WHERE id = 7');
    expect(await look(second, two)).toEqual(['60', '9001']);
    expect(await keysKept()).toBe(51);
    await engine.forgetLoads(first.data?.loads ?? [], one.fence);
    await engine.takeBackLoads(second.data?.loads ?? [], two.fence, run());
    expect(await keysKept()).toBe(50);
  });

  it('are repaired where they differ, found where somebody else wrote them, and given back what they held', async () => {
    await sql('TRUNCATE new.people, new.tags');
    await sql('TRUNCATE old.people');
    await sql(
      `INSERT INTO old.people SELECT g, 'p' || g, ARRAY['a', 'b'], NULL, g FROM generate_series(1, 3000) g`,
    );
    await sql(`INSERT INTO new.people VALUES (3, 'before', 3), (9001, 'stranger', 1)`);
    const plan = await planOf(file);
    expect(plan.data?.levels).toEqual([['2-people'], ['1-tags']]);
    const { fence, wrong, unexpected } = await carry(plan);
    expect({ wrong, unexpected }).toEqual({ wrong: 0, unexpected: 1 });
    expect(await sql('SELECT given FROM new.people WHERE id = 3')).toEqual([{ given: 'p3' }]);
    await sql(
      `UPDATE new.people SET amount = 0 WHERE id IN (17, 2500); DELETE FROM new.tags WHERE person = 2999`,
    );
    const loads = plan.data?.loads ?? [];
    expect(await compare(loads, fence)).toEqual({ wrong: 4, unexpected: 1 });
    expect(await compare(loads, fence)).toEqual({ wrong: 0, unexpected: 1 });
    await engine.takeBackLoads(loads, fence, run());
    expect(await sql('SELECT id::int, given FROM new.people ORDER BY id')).toEqual([
      { id: 3, given: 'before' },
      { id: 9001, given: 'stranger' },
    ]);
  });
});
