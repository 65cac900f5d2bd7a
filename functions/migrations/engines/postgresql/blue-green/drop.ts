import pg from 'pg';
import { clock } from '#platform/clock.ts';
import { quoteIdentifier } from '../../../sql/identifiers.ts';
import type { Side, Stream } from './sides.ts';
import { hasSubscription } from './streams.ts';

const freeingMs = 20_000;

/** Ends whatever still works for a migration on a side under an older epoch, so that it makes nothing after us. */
export async function endOthers({ session, aside }: Side, migration: string): Promise<void> {
  await session.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE NOT pid = ANY($2) AND usename = current_user AND starts_with(application_name, $1)
       AND datname = current_database()`,
    [`theseus:${migration}:`, [session.pid, aside.pid]],
  );
}

/** The subscription's half: it follows no more, and needs nothing of the other side to go. */
export async function dropSubscription({ name, to }: Pick<Stream, 'name' | 'to'>): Promise<void> {
  if (!(await hasSubscription(to, name))) return;
  const quoted = quoteIdentifier(name);
  await to.session.query(`ALTER SUBSCRIPTION ${quoted} DISABLE`);
  await to.session.query(`ALTER SUBSCRIPTION ${quoted} SET (slot_name = NONE)`);
  await to.session.query(`DROP SUBSCRIPTION ${quoted}`);
}

/** The id under which a subscription's first copies make slots of their own on the publisher; null when it is gone. */
async function subscriptionId({ name, to }: Stream): Promise<string | null> {
  const { rows } = await to.session.query<{ id: string }>(
    'SELECT oid::text AS id FROM pg_subscription WHERE subname = $1',
    [name],
  );
  return rows[0]?.id ?? null;
}

/** The publisher's half: from then on it keeps no log for anybody. `copies`: a pattern of the first copies' slots. */
async function dropPublication(
  { name, from }: Pick<Stream, 'name' | 'from'>,
  copies: string | null,
): Promise<void> {
  const until = clock.monotonic() + freeingMs;
  for (;;) {
    const { rows } = await from.session.query<{ slot: string; pid: number | null }>(
      `SELECT slot_name::text AS slot, active_pid AS pid FROM pg_replication_slots
       WHERE slot_name = $1 OR ($2::text IS NOT NULL AND slot_name ~ $2::text)`,
      [name, copies],
    );
    for (const { slot, pid } of rows) {
      if (pid === null) await from.session.query('SELECT pg_drop_replication_slot($1)', [slot]).catch(taken);
      else await from.session.query('SELECT pg_terminate_backend($1)', [pid]);
    }
    if (rows.length === 0) break;
    if (clock.monotonic() > until) {
      // Somebody takes it up again and again: the error names it.
      await from.session.query('SELECT pg_drop_replication_slot($1)', [rows[0]?.slot]);
    }
    await clock.sleep(20);
  }
  await from.session.query(`DROP PUBLICATION IF EXISTS ${quoteIdentifier(name)}`);
}

/** A walsender came back between look and drop, or the slot is gone already: it is looked at again. */
function taken(error: unknown): void {
  const cause = error instanceof Error ? error.cause : undefined;
  if (cause instanceof pg.DatabaseError && (cause.code === '55006' || cause.code === '42704')) return;
  throw error;
}

/**
 * Ends a stream and leaves nothing of it: no slot, which would fill the publisher's disk, no publication, no
 * subscription. May be run again at any point, of a stream that was never begun too.
 */
export async function dropStream(stream: Stream): Promise<void> {
  const id = await subscriptionId(stream);
  if (id !== null)
    await stream.to.session.query(`ALTER SUBSCRIPTION ${quoteIdentifier(stream.name)} DISABLE`);
  await dropPublication(stream, id === null ? null : `^pg_${id}_sync_`);
  await dropSubscription(stream);
}

/** The publisher's half alone, where the subscriber cannot be reached any more. */
export const dropWithoutSubscriber = (stream: Pick<Stream, 'name' | 'from'>): Promise<void> =>
  dropPublication(stream, null);
