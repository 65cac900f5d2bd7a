import { clock } from '#platform/clock.ts';
import { firstState } from '../../../pacing/pace.ts';
import type { Load } from '../../../plan/schemas.ts';
import type {
  BackfillProgress,
  Engine,
  Fence,
  KeyRange,
  RecordRange,
  Refused,
  RowSource,
} from '../../engine.ts';
import { fill, openProbe } from '../backfill.ts';
import { type Chunk, fencePhase, flush, type Open, yielded } from '../chunks.ts';
import type { Session } from '../connection.ts';
import { measureBaseline } from '../probe.ts';
import { readRefusedKeys } from './refused-keys.ts';
import { keepRefused, refusalOf, type Written, writeRows, writeStatement } from './write.ts';

/** As for a backfill: a chunk gives a lock up sooner than a client would notice. */
const LOCK_TIMEOUT_MS = 200;

type Options = Parameters<Engine['loadRange']>[4];

/** What writes records of one load into the target. */
export interface Writer {
  session: Session;
  load: Load;
  source: RowSource;
  fence: Fence;
  phase: string;
  statement: string;
}

/** A session that writes rows as any client does: triggers of the target see them. */
export function openWriter(open: Open, load: Load): Promise<Session> {
  return open('load', { schema: load.to.schema, lockTimeoutMs: LOCK_TIMEOUT_MS });
}

/** Until every row is there, columns that refer to later rows are left alone; `whole` fills them, too. */
export const columnsOf = (load: Load, whole: boolean): Load['columns'] =>
  whole ? load.columns : load.columns.filter(({ name }) => !load.deferred.includes(name));

/**
 * Loads one key range of the source chunk by chunk at the pace that a probe of the target allows. Any part of it may be
 * run again. A record that is refused is kept with its reason and does not stop the others.
 */
export async function loadRange(
  open: Open,
  load: Load,
  source: RowSource,
  range: KeyRange,
  fence: Fence,
  options: Options,
): ReturnType<Engine['loadRange']> {
  const session = await openWriter(open, load);
  let probing: Awaited<ReturnType<typeof openProbe>> = null;
  try {
    const phase = await fencePhase(session, fence);
    const watched = { table: load.to, key: load.toKey, estimatedRows: load.estimatedRows };
    probing = await openProbe(open, watched, session.pid, options.pacing);
    const baselineP99Ms =
      options.baselineP99Ms ?? (probing && (await measureBaseline(probing.probe, options.signal)));
    const statement = writeStatement(load, columnsOf(load, options.whole), fence.migration);
    const writer: Writer = { session, load, source, fence, phase, statement };
    // What was refused before is refused again, in halves of halves, unless a person has it loaded again.
    const without = await readRefusedKeys(session, fence.migration, load.id);
    let errors = 0;
    const { status, progress } = await fill(probing?.probe ?? null, {
      table: load.to.name,
      from: options.from,
      pacing: firstState(options.pace, baselineP99Ms, clock.monotonic()),
      options: { ...options, onProgress: (at: BackfillProgress) => options.onProgress({ ...at, errors }) },
      chunk: async (last, rows) => {
        const chunk = await loadChunk(writer, { from: last ?? range.from, to: range.to, without }, rows);
        errors += chunk?.errors ?? 0;
        return chunk;
      },
      flush: () => flush(session, fence, phase),
    });
    return { status, progress: { ...progress, errors } };
  } finally {
    await probing?.probe.stop();
    await probing?.session.close();
    await session.close();
  }
}

/** Null: it yielded to a lock, and may have written a part, which the next try finds done. */
async function loadChunk(
  writer: Writer,
  range: RecordRange,
  limit: number,
): Promise<(Chunk & { errors: number }) | null> {
  try {
    const { seen, last, written, changed, errors, heldMs } = await loadRecords(writer, range, limit);
    return { seen, last, written: written + changed, errors, durationMs: heldMs };
  } catch (error) {
    if (yielded(error)) return null;
    throw error;
  }
}

export interface Loaded {
  seen: number;
  last: string[] | null;
  /** Rows inserted and rows changed. */
  written: number;
  changed: number;
  /** Records refused that were not refused before. */
  errors: number;
  /** How long rows of the target were locked at a time, ms: reading the source holds nobody up. */
  heldMs: number;
}

/** At most `limit` records of a range, whole or in halves until those that are refused stand alone. */
export async function loadRecords(writer: Writer, range: RecordRange, limit: number): Promise<Loaded> {
  const { source } = writer;
  try {
    const page = await source.page(range, limit);
    const began = clock.monotonic();
    const { inserted, changed } = await write(writer, page.rows);
    const heldMs = clock.monotonic() - began;
    const errors = await keepAll(writer, page.refused);
    return { seen: page.seen, last: page.last, written: inserted, changed, errors, heldMs };
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal === null) throw error;
    const keys = await source.keys(range, limit);
    const only = keys[0];
    if (keys.length > 1) return inHalves(writer, range, keys);
    // Gone since, or changed so that it fits: the caller sees the end of the range.
    if (only === undefined) return { seen: 0, last: null, written: 0, changed: 0, errors: 0, heldMs: 0 };
    const record = await source.record({ ...range, to: only });
    const errors = await keepAll(writer, [{ key: only, record, error: refusal }]);
    return { seen: 1, last: only, written: 0, changed: 0, errors, heldMs: 0 };
  }
}

async function inHalves(writer: Writer, range: RecordRange, keys: string[][]): Promise<Loaded> {
  const middle = keys[Math.floor(keys.length / 2) - 1] ?? null;
  const last = keys.at(-1) ?? null;
  const first = await loadRecords(writer, { ...range, to: middle }, keys.length);
  const second = await loadRecords(writer, { ...range, from: middle, to: last }, keys.length);
  return {
    // Counted by the keys that were read: rows deleted since make a chunk no shorter.
    seen: keys.length,
    last,
    written: first.written + second.written,
    changed: first.changed + second.changed,
    errors: first.errors + second.errors,
    heldMs: Math.max(first.heldMs, second.heldMs),
  };
}

const write = ({ session, statement, load, fence, phase }: Writer, rows: string): Promise<Written> =>
  rows === '[]'
    ? Promise.resolve({ inserted: 0, changed: 0 })
    : writeRows(session, statement, load, rows, fence, phase);

async function keepAll({ session, load, fence, phase }: Writer, refused: Refused[]): Promise<number> {
  let kept = 0;
  for (const one of refused) if (await keepRefused(session, load, one, fence, phase)) kept += 1;
  return kept;
}
