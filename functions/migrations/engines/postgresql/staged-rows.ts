import { clock } from '#platform/clock.ts';
import { ConstraintViolated, StatementFailed } from '../../errors.ts';
import type { TableRef } from '../../plan/schemas.ts';
import { quoteIdentifier } from '../../sql/identifiers.ts';
import type { ChangedRows, Engine, Fence, RestoredCounts, RunOptions, StagedRows } from '../engine.ts';
import { type Open, patiently } from './chunks.ts';
import { inTransaction, type Session } from './connection.ts';
import { checkFence } from './fence.ts';
import { keyList, keyText, rangeLiteral, relation, seeKeyTypes } from './keyset.ts';
import { importRows } from './rows.ts';
import { shortHash } from './short-hash.ts';
import { findMarker, writeMarker } from './steps/marker.ts';

// Rows of a backup on their way back into the table they came from: staged beside it, then written over it in chunks.
// What is overwritten is put aside in the transaction that overwrites it.

const chunkRows = 200;
const chunkTimeoutMs = 30_000;
/** A chunk gives way to clients, as those of a backfill do. */
const lockTimeoutMs = 200;
/** A row may wait for another one to come back that it points to. */
const mostPasses = 5;
const mostKeys = 10;

const inControlSchema = (name: string): TableRef => ({ schema: 'theseus', name, oid: null });

/** Where the rows of a backup wait. */
const stagingOf = (fence: Fence, id: string): TableRef =>
  inControlSchema(`old_${shortHash(`${fence.migration} ${id}`)}`);
/** Where what they overwrite is put. */
const asideOf = (fence: Fence, id: string): TableRef =>
  inControlSchema(`overwritten_${shortHash(`${fence.migration} ${id}`)}`);

const definition = (columns: StagedRows['columns']) =>
  columns.map(({ name, type }) => `${quoteIdentifier(name)} ${type}`).join(', ');

/**
 * How many rows of one part of a backup its table holds otherwise by now, and how many it lacks, compared as a restore
 * compares them. They are in the database for the length of one transaction. Throws what the stream of rows throws.
 */
export async function countChanged(
  session: Session,
  staged: StagedRows,
  rows: () => AsyncIterable<Buffer>,
): Promise<ChangedRows> {
  const columns = staged.columns.map(({ name }) => name);
  return inTransaction(session, async () => {
    const { rows: me } = await session.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    const beside = inControlSchema(`compared_${me[0]?.pid}`);
    await session.query(
      `CREATE UNLOGGED TABLE ${relation(beside)} (${definition(staged.columns)}, PRIMARY KEY (${keyList(staged.key)}))`,
    );
    await importRows(session, beside, columns, rows());
    const { keys, same, differ } = await comparison(session, { ...staged, columns });
    const { rows: found } = await session.query<{ overwritten: string; back: string }>(
      `SELECT count(*) FILTER (WHERE _theseus_now.${keys[0]} IS NULL) AS back,
         count(*) FILTER (WHERE _theseus_now.${keys[0]} IS NOT NULL AND ${differ}) AS overwritten
       FROM ${relation(beside)} AS _theseus_old LEFT JOIN ${relation(staged.table)} AS _theseus_now ON ${same}`,
    );
    await session.query(`DROP TABLE ${relation(beside)}`);
    return { overwritten: Number(found[0]?.overwritten ?? 0), broughtBack: Number(found[0]?.back ?? 0) };
  });
}

/**
 * Puts one part of a backup beside its table, whole or not at all, and once: a part that is there is passed over.
 * Throws FenceLost and what the stream of rows throws.
 */
export async function stageRows(
  session: Session,
  staged: StagedRows,
  part: string,
  fence: Fence,
  rows: () => AsyncIterable<Buffer>,
): Promise<void> {
  const step = `stage.${staged.id}.${part}`;
  const staging = stagingOf(fence, staged.id);
  await inTransaction(session, async () => {
    await checkFence(session, fence);
    if ((await findMarker(session, fence, step)) !== null) return;
    await session.query(
      `CREATE TABLE IF NOT EXISTS ${relation(staging)} (${definition(staged.columns)}, PRIMARY KEY (${keyList(staged.key)}))`,
    );
    await session.query(
      `CREATE TABLE IF NOT EXISTS ${relation(asideOf(fence, staged.id))} (${definition(staged.columns)})`,
    );
    await importRows(
      session,
      staging,
      staged.columns.map(({ name }) => name),
      rows(),
    );
    await writeMarker(session, fence, step, { lockWaitMs: 0, attempts: 1 });
  });
}

type Staged = Parameters<Engine['restoreStaged']>[0];

interface Counts {
  overwritten: number;
  broughtBack: number;
}

/**
 * Writes the staged rows over their table, in chunks: values become those of the backup, rows that were deleted come
 * back, rows that it does not hold stay. A row that the table refuses stays staged and is counted.
 * Throws FenceLost, LockBudgetExceeded.
 */
export async function restoreStaged(
  open: Open,
  staged: Staged,
  fence: Fence,
  options: RunOptions,
): Promise<RestoredCounts> {
  const session = await open('restore', {
    schema: staged.table.schema,
    lockTimeoutMs,
    statementTimeoutMs: chunkTimeoutMs,
  });
  try {
    await seeKeyTypes(session, staged.key);
    const chunk = await chunkOf(session, staged, fence);
    let refused: Refused = { sample: [], reason: null };
    for (let pass = 1; pass <= mostPasses; pass += 1) {
      const walked = await walk(session, staged, fence, options, chunk);
      if (walked === null) return { ...(await outcome(session, staged, fence, refused)), status: 'running' };
      refused = { sample: walked.sample, reason: walked.reason };
      if (walked.sample.length === 0 || walked.restored === 0) break;
    }
    return { ...(await outcome(session, staged, fence, refused)), status: 'done' };
  } finally {
    await session.close();
  }
}

interface Refused {
  sample: string[][];
  reason: string | null;
}

/** Once over everything that is staged; null when the time is over. */
async function walk(
  session: Session,
  staged: Staged,
  fence: Fence,
  options: RunOptions,
  chunk: (from: string[] | null, rows: number) => Promise<Walked>,
): Promise<(Refused & { restored: number }) | null> {
  const refused: Refused = { sample: [], reason: null };
  let last: string[] | null = null;
  let restored = 0;
  let rows = chunkRows;
  for (;;) {
    options.signal.throwIfAborted();
    if (clock.now() >= options.until) return null;
    const from: string[] | null = last;
    try {
      const done: Walked = await patiently(() => chunk(from, rows), staged.table.name, options.signal);
      restored += done.rows;
      if (done.last === null || done.rows < rows) return { ...refused, restored };
      last = done.last;
      rows = Math.min(chunkRows, rows * 2);
    } catch (error) {
      if (!(error instanceof ConstraintViolated) && !(error instanceof StatementFailed)) throw error;
      if (rows > 1) {
        // One of them is refused: which, is found by halves.
        rows = Math.ceil(rows / 2);
        continue;
      }
      const [key] = await keysAfter(session, staged, fence, from, 1);
      if (key === undefined) return { ...refused, restored };
      refused.reason = error.message;
      if (refused.sample.length < mostKeys) refused.sample.push(key);
      last = key;
    }
  }
}

interface Walked {
  rows: number;
  last: string[] | null;
}

async function keysAfter(
  session: Session,
  staged: Staged,
  fence: Fence,
  from: string[] | null,
  rows: number,
): Promise<string[][]> {
  const { key } = staged;
  const found = await session.query<{ key: string[] }>(
    `SELECT ${keyText(key)} AS key FROM ${relation(stagingOf(fence, staged.id))}
     WHERE ${rangeLiteral(key, from, null)} ORDER BY ${keyList(key)} LIMIT ${rows}`,
  );
  return found.rows.map((row) => row.key);
}

/** What stands of the staged columns, and which of them can be written: a removal may have dropped some meanwhile. */
async function standing(session: Session, { table, columns }: Staged) {
  const { rows } = await session.query<{ name: string; always: boolean }>(
    `SELECT attname::text AS name, attidentity = 'a' AS always FROM pg_attribute
     WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''`,
    [relation(table)],
  );
  const found = new Map(rows.map(({ name, always }) => [name, always]));
  return columns.flatMap((name) => {
    const always = found.get(name);
    return always === undefined ? [] : [{ name: quoteIdentifier(name), always }];
  });
}

const list = (of: string, names: string[]) => names.map((name) => `${of}.${name}`).join(', ');

/** How `_theseus_old`, the row of a backup, and `_theseus_now`, that of the table, are found to be one, and to differ. */
async function comparison(session: Session, staged: Staged) {
  const stands = await standing(session, staged);
  const keys = staged.key.map(({ column }) => quoteIdentifier(column));
  const written = stands.flatMap(({ name, always }) => (always || keys.includes(name) ? [] : [name]));
  return {
    keys,
    names: stands.map(({ name }) => name),
    written,
    same: keys.map((name) => `_theseus_now.${name} = _theseus_old.${name}`).join(' AND '),
    // As text, because not every type can be compared.
    differ:
      written.length === 0
        ? 'false'
        : `ROW(${list('_theseus_now', written)})::text IS DISTINCT FROM ROW(${list('_theseus_old', written)})::text`,
  };
}

async function chunkOf(session: Session, staged: Staged, fence: Fence) {
  const { table, key } = staged;
  const { keys, names, written, same, differ } = await comparison(session, staged);
  const own = relation(table);
  const staging = relation(stagingOf(fence, staged.id));
  const aside = relation(asideOf(fence, staged.id));
  return async (from: string[] | null, rows: number): Promise<Walked> => {
    const page = await keysAfter(session, staged, fence, from, rows);
    const last = page.at(-1) ?? null;
    if (last === null) return { rows: 0, last };
    const part = rangeLiteral(key, from, last);
    const old = `(SELECT * FROM ${staging} WHERE ${part}) AS _theseus_old`;
    await inTransaction(session, async () => {
      await checkFence(session, fence);
      await session.query(
        `SELECT FROM ${own} AS _theseus_now JOIN ${old} ON ${same} ORDER BY ${list('_theseus_old', keys)} FOR UPDATE OF _theseus_now`,
      );
      const kept = await session.query(
        `INSERT INTO ${aside} (${names.join(', ')}) SELECT ${list('_theseus_now', names)} FROM ${own} AS _theseus_now JOIN ${old} ON ${same} WHERE ${differ}`,
      );
      if (written.length > 0) {
        await session.query(
          `UPDATE ${own} AS _theseus_now SET ${written.map((name) => `${name} = _theseus_old.${name}`).join(', ')} FROM ${old} WHERE ${same} AND ${differ}`,
        );
      }
      const back = await session.query(
        `INSERT INTO ${own} (${names.join(', ')}) OVERRIDING SYSTEM VALUE SELECT ${list('_theseus_old', names)} FROM ${old}
         WHERE NOT EXISTS (SELECT FROM ${own} AS _theseus_now WHERE ${same}) ON CONFLICT (${keys.join(', ')}) DO NOTHING`,
      );
      await session.query(`DELETE FROM ${staging} WHERE ${part}`);
      await count(session, fence, staged, {
        overwritten: kept.rowCount ?? 0,
        broughtBack: back.rowCount ?? 0,
      });
    });
    return { rows: page.length, last };
  };
}

const countStep = ({ id }: Staged) => `restored.${id}`;

/** Counted in the transaction that did it. */
async function count(session: Session, fence: Fence, staged: Staged, more: Counts): Promise<void> {
  await session.query(
    `INSERT INTO theseus.steps AS known (migration, step, epoch, facts)
     VALUES ($1, $2, $3, jsonb_build_object('overwritten', $4::bigint, 'broughtBack', $5::bigint))
     ON CONFLICT (migration, step) DO UPDATE SET facts = jsonb_build_object(
       'overwritten', (known.facts ->> 'overwritten')::bigint + $4, 'broughtBack', (known.facts ->> 'broughtBack')::bigint + $5)`,
    [fence.migration, countStep(staged), fence.epoch, more.overwritten, more.broughtBack],
  );
}

async function outcome(
  session: Session,
  staged: Staged,
  fence: Fence,
  refused: Refused,
): Promise<Omit<RestoredCounts, 'status'>> {
  const { rows } = await session.query<{ overwritten: string; back: string; left: string }>(
    `SELECT coalesce(max(facts ->> 'overwritten'), '0') AS overwritten, coalesce(max(facts ->> 'broughtBack'), '0') AS back,
       (SELECT count(*) FROM ${relation(stagingOf(fence, staged.id))}) AS left
     FROM theseus.steps WHERE migration = $1 AND step = $2`,
    [fence.migration, countStep(staged)],
  );
  const [found] = rows;
  return {
    overwritten: Number(found?.overwritten ?? 0),
    broughtBack: Number(found?.back ?? 0),
    refused: Number(found?.left ?? 0),
    ...refused,
  };
}

/** The table of what was overwritten; null when that is nothing. */
export async function rowsAside(session: Session, id: string, fence: Fence): Promise<TableRef | null> {
  const aside = asideOf(fence, id);
  const { rows } = await session.query<{ there: boolean }>('SELECT to_regclass($1) IS NOT NULL AS there', [
    relation(aside),
  ]);
  if (rows[0]?.there !== true) return null;
  const found = await session.query(`SELECT FROM ${relation(aside)} LIMIT 1`);
  return found.rowCount === 0 ? null : aside;
}

/** Forgets what was staged and put aside. Whoever wants to keep it has copied it. Throws FenceLost. */
export async function dropStaged(session: Session, id: string, fence: Fence): Promise<void> {
  await inTransaction(session, async () => {
    await checkFence(session, fence);
    await session.query(
      `DROP TABLE IF EXISTS ${relation(stagingOf(fence, id))}, ${relation(asideOf(fence, id))}`,
    );
  });
}
