import { clock } from '#platform/clock.ts';
import type { TableRef } from '../../plan/schemas.ts';
import { quoteIdentifier, quoteLiteral } from '../../sql/identifiers.ts';
import type { Fence, KeptRows, RunOptions } from '../engine.ts';
import { type Open, patiently } from './chunks.ts';
import { inTransaction, type Session } from './connection.ts';
import { checkFence } from './fence.ts';
import { type Key, keyList, keyText, rangeLiteral, relation, seeKeyTypes } from './keyset.ts';
import { columnTypes } from './restore.ts';

// Columns of a table copied into one of their own, for the day that they are dropped.

const chunkRows = 2_000;

/** The key that a plan could not know, of a table that the migration made itself. */
async function primaryKey(session: Session, table: TableRef): Promise<Key> {
  const { rows } = await session.query<{ column: string; type: string }>(
    `SELECT a.attname::text AS column, format_type(a.atttypid, a.atttypmod) AS type
     FROM pg_index i CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, place)
     JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
     WHERE i.indrelid = $1::regclass AND i.indisprimary ORDER BY k.place`,
    [relation(table)],
  );
  return rows;
}

/**
 * Makes the table and copies every row, in chunks by the key; where there is none, in one statement. What an earlier
 * call copied is not copied again. Throws FenceLost, RightsMissing.
 */
export async function keepRows(
  open: Open,
  kept: KeptRows,
  fence: Fence,
  options: RunOptions,
): Promise<{ status: 'done' | 'running'; rows: number; key: string[] }> {
  const session = await open('keep', {
    schema: kept.table.schema,
    statementTimeoutMs: Math.max(1, Math.min(options.until - clock.now(), 600_000)),
  });
  try {
    const key = kept.key.length > 0 ? kept.key : await primaryKey(session, kept.table);
    await seeKeyTypes(session, key);
    const status = await copy(session, kept, key, fence, options);
    const { rows } = await session.query<{ rows: string }>(
      `SELECT count(*) AS rows FROM ${relation(kept.into)}`,
    );
    return { status, rows: Number(rows[0]?.rows ?? 0), key: key.map(({ column }) => column) };
  } finally {
    await session.close();
  }
}

async function copy(
  session: Session,
  kept: KeptRows,
  key: Key,
  fence: Fence,
  options: RunOptions,
): Promise<'done' | 'running'> {
  const from = relation(kept.table);
  const into = relation(kept.into);
  const physical = kept.columns.map(({ physical: name }) => name);
  const types = await columnTypes(session, kept.table, physical);
  const list = kept.columns.map(({ name }, at) => `${quoteIdentifier(name)} ${types[at] ?? 'text'}`);
  const names = kept.columns.map(({ name }) => quoteIdentifier(name)).join(', ');
  const source = physical.map(quoteIdentifier).join(', ');
  const keyed = key.length === 0 ? [] : [`PRIMARY KEY (${keyList(key)})`];
  const { rows } = await session.query<{ there: boolean; source: boolean }>(
    'SELECT to_regclass($1) IS NOT NULL AS there, to_regclass($2) IS NOT NULL AS source',
    [into, from],
  );
  const there = rows[0]?.there ?? false;
  if (!there) {
    await inTransaction(session, async () => {
      await checkFence(session, fence);
      await session.query(`CREATE TABLE ${into} (${[...list, ...keyed].join(', ')})`);
      await session.query(`COMMENT ON TABLE ${into} IS ${quoteLiteral(kept.comment)}`);
      if (key.length === 0)
        await session.query(`INSERT INTO ${into} (${names}) SELECT ${source} FROM ${from}`);
    });
  }
  // Without a key it was filled by the transaction that made it.
  if (key.length === 0) return 'done';
  for (;;) {
    options.signal.throwIfAborted();
    if (clock.now() >= options.until) return 'running';
    const copied = await patiently(
      () =>
        inTransaction(session, async () => {
          await checkFence(session, fence);
          const { rows: last } = await session.query<{ key: string[] }>(
            `SELECT ${keyText(key)} AS key FROM ${into} ORDER BY ${key.map(({ column }) => `${quoteIdentifier(column)} DESC`).join(', ')} LIMIT 1`,
          );
          const done = await session.query(
            `INSERT INTO ${into} (${names}) SELECT ${source} FROM ${from}
             WHERE ${rangeLiteral(key, last[0]?.key ?? null, null)} ORDER BY ${keyList(key)} LIMIT ${chunkRows}`,
          );
          return done.rowCount ?? 0;
        }),
      kept.table.name,
      options.signal,
    );
    if (copied < chunkRows) return 'done';
  }
}
