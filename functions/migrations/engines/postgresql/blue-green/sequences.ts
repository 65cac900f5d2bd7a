import type { Session } from '../connection.ts';
import type { Side } from './sides.ts';

/** Numbers left between the sides, so that clients of both draw different ones while they move. */
const gap = 100_000n;

interface Sequence {
  schema: string;
  name: string;
  last: string | null;
  start: string;
  least: string;
  greatest: string;
  step: string;
}

async function sequencesOf(session: Session, schema: string): Promise<Sequence[]> {
  const { rows } = await session.query<Sequence>(
    `SELECT schemaname::text AS schema, sequencename::text AS name, last_value::text AS last, start_value::text AS start,
       min_value::text AS least, max_value::text AS greatest, increment_by::text AS step
     FROM pg_sequences WHERE schemaname = $1 ORDER BY sequencename LIMIT 10000`,
    [schema],
  );
  return rows;
}

const abs = (value: bigint): bigint => (value < 0n ? -value : value);
const smaller = (a: bigint, b: bigint): bigint => (a < b ? a : b);

/**
 * The number a sequence of the other side goes on after: `gap` steps ahead of this one, or, near the end of what it can
 * count to, a quarter of what is left. Null: it is that far already. All as decimal text.
 */
export function numberAhead(
  sequence: Omit<Sequence, 'schema' | 'name'>,
  other: string | null,
): string | null {
  const step = BigInt(sequence.step);
  const last = BigInt(sequence.last ?? sequence.start);
  const end = BigInt(step > 0n ? sequence.greatest : sequence.least);
  const left = abs(end - last) / abs(step);
  const ahead = last + step * smaller(gap, left / 4n);
  if (other !== null) {
    const found = BigInt(other);
    const half = last + (ahead - last) / 2n;
    if (step > 0n ? found >= half : found <= half) return null;
  }
  return ahead.toString();
}

/** Moves the sequences of `to` ahead of those of `from`. Returns how many there are. */
export async function moveSequences(from: Side, to: Side, schema: string): Promise<number> {
  const others = new Map((await sequencesOf(to.session, schema)).map((one) => [one.name, one]));
  const own = await sequencesOf(from.session, schema);
  for (const sequence of own) {
    const other = others.get(sequence.name);
    const ahead = other === undefined ? null : numberAhead(sequence, other.last);
    if (ahead === null) continue;
    await to.session.query('SELECT setval(format($f$%I.%I$f$, $1::text, $2::text)::regclass, $3::bigint)', [
      schema,
      sequence.name,
      ahead,
    ]);
  }
  return own.length;
}
