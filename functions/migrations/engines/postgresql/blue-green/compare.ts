import { TransactionConflict } from '../../../errors.ts';
import { quoteIdentifier } from '../../../sql/identifiers.ts';
import { inTransaction, type Session } from '../connection.ts';
import {
  afterParameters,
  type Key,
  keyList,
  keyListDescending,
  keyText,
  untilParameters,
} from '../keyset.ts';
import { caughtUp } from './marks.ts';
import type { Side, Stream } from './sides.ts';

const chunkRows = 5_000;
/** Rows of a range that differs, read one by one; a range that has more of them is wrong however they compare. */
const mostRows = 20_000;
const keysAtOnce = 500;
/** Differing rows are looked at this often, with nobody able to write them meanwhile. */
const looks = 5;
const shown = 10;
const followingMs = 5_000;

export interface ComparedTable {
  /** Quoted and qualified. */
  name: string;
  key: Key;
  columns: string[];
  /** Both sides sort the key alike; else ranges of one side are not ranges of the other. */
  sameOrder: boolean;
}

/** What a walk found up to `last`. */
export interface Compared {
  rows: number;
  /** Keys of rows that are not the same on both sides, at most 10. */
  different: string[][];
  differences: number;
  last: string[] | null;
  done: boolean;
}

/** Everything that changes how values are written out, whatever a database has for its default. */
const asText = `SELECT set_config('TimeZone', 'UTC', false), set_config('DateStyle', 'ISO, MDY', false),
  set_config('IntervalStyle', 'postgres', false), set_config('extra_float_digits', '1', false), set_config('bytea_output', 'hex', false)`;

/** 64 bits of a row's text; its sum over rows does not depend on their order. */
const hashOf = ({ columns }: ComparedTable): string =>
  `('x' || encode(substr(sha256(convert_to(ROW(${columns.map(quoteIdentifier).join(', ')})::text, 'UTF8')), 1, 8), 'hex'))::bit(64)::bigint`;

type Place = string[] | null;

function within(key: Key, after: Place, to: Place): { where: string; values: string[] } {
  const conditions = [
    ...(after === null ? [] : [afterParameters(key, 1)]),
    ...(to === null ? [] : [untilParameters(key, 1 + (after?.length ?? 0))]),
  ];
  return {
    where: conditions.length === 0 ? 'true' : conditions.join(' AND '),
    values: [...(after ?? []), ...(to ?? [])],
  };
}

async function checksum(session: Session, table: ComparedTable, after: Place, to: Place): Promise<string> {
  const { where, values } = within(table.key, after, to);
  const { rows } = await session.query<{ sum: string }>(
    `SELECT count(*) || ' ' || coalesce(sum(${hashOf(table)}), 0) AS sum FROM ${table.name} WHERE ${where}`,
    values,
  );
  return rows[0]?.sum ?? '';
}

type Hashes = Map<string, string>;

async function hashesWithin(
  session: Session,
  table: ComparedTable,
  after: Place,
  to: Place,
): Promise<Hashes> {
  const { where, values } = within(table.key, after, to);
  const { rows } = await session.query<{ key: string[]; hash: string }>(
    `SELECT ${keyText(table.key)} AS key, ${hashOf(table)}::text AS hash FROM ${table.name} WHERE ${where} LIMIT ${mostRows}`,
    values,
  );
  return new Map(rows.map(({ key, hash }) => [JSON.stringify(key), hash]));
}

/** `lock`: until the transaction ends nobody writes these rows. */
async function hashesOf(
  session: Session,
  table: ComparedTable,
  keys: string[],
  lock = false,
): Promise<Hashes> {
  const found: Hashes = new Map();
  const casts = (first: number) => table.key.map(({ type }, part) => `$${first + part}::${type}`).join(', ');
  for (let from = 0; from < keys.length; from += keysAtOnce) {
    const some = keys.slice(from, from + keysAtOnce);
    // Written by us a moment ago: keys as lists of texts.
    const values = some.flatMap((key) => JSON.parse(key) as string[]);
    const list = some.map((_, index) => `(${casts(1 + index * table.key.length)})`).join(', ');
    const { rows } = await session.query<{ key: string[]; hash: string }>(
      `SELECT ${keyText(table.key)} AS key, ${hashOf(table)}::text AS hash FROM ${table.name}
       WHERE (${keyList(table.key)}) IN (${list})${lock ? ' FOR SHARE' : ''}`,
      values,
    );
    for (const { key, hash } of rows) found.set(JSON.stringify(key), hash);
  }
  return found;
}

const differing = (a: Hashes, b: Hashes): string[] =>
  [...new Set([...a.keys(), ...b.keys()])].filter((key) => a.get(key) !== b.get(key));

/**
 * Rows that differ are mostly on their way: they are looked at again when the other side has all that was written
 * before, and then with their rows locked. What differs then is not the same.
 */
async function settle(
  stream: Stream,
  table: ComparedTable,
  suspects: string[],
  signal: AbortSignal,
): Promise<string[]> {
  const { from, to } = stream;
  const { session } = from;
  await caughtUp(stream, followingMs, signal);
  let open = differing(await hashesOf(session, table, suspects), await hashesOf(to.session, table, suspects));
  for (let look = 1; open.length > 0 && look <= looks; look += 1) {
    const still: string[] = [];
    for (let first = 0; first < open.length; first += keysAtOnce) {
      const some = open.slice(first, first + keysAtOnce);
      try {
        await inTransaction(session, async () => {
          await session.query("SELECT set_config('lock_timeout', '200', true)");
          const own = await hashesOf(session, table, some, true);
          await caughtUp(stream, followingMs, signal);
          still.push(...differing(own, await hashesOf(to.session, table, some)));
        });
      } catch (error) {
        if (!(error instanceof TransactionConflict) || look === looks) throw error;
        still.push(...some);
      }
    }
    open = still;
  }
  return open;
}

/** The next rows of a side in the order of its key: their keys, and where they end. */
async function nextKeys(
  { session }: Side,
  table: ComparedTable,
  after: Place,
): Promise<{ last: Place; count: number }> {
  const { where, values } = within(table.key, after, null);
  const { rows } = await session.query<{ key: string[]; count: number }>(
    `SELECT ${keyText(table.key)} AS key, (count(*) OVER ())::int AS count
     FROM (SELECT ${keyList(table.key)} FROM ${table.name} WHERE ${where} ORDER BY ${keyList(table.key)} LIMIT ${chunkRows}) next
     ORDER BY ${keyListDescending(table.key)} LIMIT 1`,
    values,
  );
  return { last: rows[0]?.key ?? null, count: rows[0]?.count ?? 0 };
}

/** Whether a range is not the same, and which of its rows. */
async function compareRange(
  stream: Stream,
  table: ComparedTable,
  after: Place,
  to: Place,
  signal: AbortSignal,
): Promise<string[]> {
  const [own, other] = [stream.from.session, stream.to.session];
  if (table.sameOrder) {
    if ((await checksum(own, table, after, to)) === (await checksum(other, table, after, to))) return [];
    const suspects = differing(
      await hashesWithin(own, table, after, to),
      await hashesWithin(other, table, after, to),
    );
    return settle(stream, table, suspects, signal);
  }
  const hashes = await hashesWithin(own, table, after, to);
  const suspects = differing(hashes, await hashesOf(other, table, [...hashes.keys()]));
  return settle(stream, table, suspects, signal);
}

/** Rows that only the other side has; needed where ranges cannot tell, for a text sorted otherwise there. */
async function compareBack(stream: Stream, table: ComparedTable, signal: AbortSignal): Promise<string[]> {
  const found: string[] = [];
  for (let after: Place = null; ; ) {
    signal.throwIfAborted();
    const { last, count } = await nextKeys(stream.to, table, after);
    if (last === null) return found;
    const hashes = await hashesWithin(stream.to.session, table, after, last);
    const own = await hashesOf(stream.from.session, table, [...hashes.keys()]);
    const suspects = [...hashes.keys()].filter((key) => !own.has(key));
    found.push(...(await settle(stream, table, suspects, signal)));
    if (count < chunkRows) return found;
    after = last;
  }
}

/**
 * Compares a table of both sides, from `last` on, range by range while both are written to: a row that is on its way is
 * no difference. `from` is the side whose clients write. Ends early when `ended` says so, and goes on at `last`.
 */
export async function compareTable(
  stream: Stream,
  table: ComparedTable,
  last: Place,
  { signal, ended }: { signal: AbortSignal; ended: () => boolean },
): Promise<Compared> {
  await stream.from.session.query(asText);
  await stream.to.session.query(asText);
  const found: Compared = { rows: 0, different: [], differences: 0, last, done: false };
  const note = (keys: string[]) => {
    found.differences += keys.length;
    // Written by us a moment ago, as above.
    for (const key of keys)
      if (found.different.length < shown) found.different.push(JSON.parse(key) as string[]);
  };
  while (!ended()) {
    signal.throwIfAborted();
    const next = await nextKeys(stream.from, table, found.last);
    const isLast = next.count < chunkRows;
    // The last range is open: what only the other side has behind it is found too.
    note(await compareRange(stream, table, found.last, isLast ? null : next.last, signal));
    found.rows += next.count;
    found.last = next.last ?? found.last;
    if (!isLast) continue;
    if (!table.sameOrder) note(await compareBack(stream, table, signal));
    found.done = true;
    break;
  }
  return found;
}
