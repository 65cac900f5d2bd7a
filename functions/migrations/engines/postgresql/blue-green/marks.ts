import { clock } from '#platform/clock.ts';
import { quoteIdentifier } from '../../../sql/identifiers.ts';
import type { Side, Sides, Stream } from './sides.ts';

/** Quoted and qualified: a table of one row for each direction, replicated with the others. */
export const marksOf = (migration: string): string =>
  `theseus.${quoteIdentifier(`marks_${migration.toLowerCase()}`)}`;

/** Makes the table on both sides, once. */
export async function makeMarks({ blue, green }: Sides, migration: string): Promise<void> {
  for (const { session } of [blue, green]) {
    await session.query('CREATE SCHEMA IF NOT EXISTS theseus');
    await session.query(
      `CREATE TABLE IF NOT EXISTS ${marksOf(migration)} (stream text PRIMARY KEY, number bigint NOT NULL)`,
    );
  }
}

export async function dropMarks({ session }: Side, migration: string): Promise<void> {
  await session.query(`DROP TABLE IF EXISTS ${marksOf(migration)}`);
}

/**
 * Waits until what was committed on `from` before this call is seen on `to`: a mark is written behind it, and changes
 * arrive in the order of their commits. (What the server says of its subscriber's place would lag behind the truth until
 * the subscriber's log is on disk.) False when it takes longer than `ms`.
 */
export async function caughtUp(stream: Stream, ms: number, signal: AbortSignal): Promise<boolean> {
  const until = clock.monotonic() + ms;
  const marks = marksOf(stream.migration);
  const { rows } = await stream.from.aside.query<{ number: string }>(
    `INSERT INTO ${marks} AS m VALUES ($1, 1) ON CONFLICT (stream) DO UPDATE SET number = m.number + 1 RETURNING number::text`,
    [stream.name],
  );
  const number = rows[0]?.number;
  for (;;) {
    signal.throwIfAborted();
    const seen = await stream.to.aside.query(
      `SELECT FROM ${marks} WHERE stream = $1 AND number >= $2::bigint`,
      [stream.name, number],
    );
    if (seen.rows.length > 0) return true;
    if (clock.monotonic() >= until) return false;
    await clock.sleep(Math.min(5, ms), signal);
  }
}

/** What was committed on a side, by replication too, is on its disk: a commit that waits for the disk goes behind it. */
export async function onDisk({ aside }: Side): Promise<void> {
  await aside.query("SELECT pg_logical_emit_message(true, 'theseus', 'on disk')");
}
