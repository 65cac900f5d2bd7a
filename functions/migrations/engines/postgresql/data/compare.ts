import { clock } from '#platform/clock.ts';
import { comparesSums } from '../../../data/comparisons.ts';
import type { Load } from '../../../plan/schemas.ts';
import type { CompareResult, Engine, Fence, KeyRange, RowSide, RowSource, SourceSide } from '../../engine.ts';
import { fencePhase, type Open, patiently } from '../chunks.ts';
import { loadRecords, openWriter, type Writer } from './load-range.ts';
import { keyOf, nameOthers, nothing, SLICE_ROWS } from './others.ts';
import { readRefusedKeys } from './refused-keys.ts';
import { targetSide } from './transformed.ts';
import { writeRows, writeStatement } from './write.ts';

/** A range that differs is halved until it has no more rows than this; then each row is compared. */
const LEAF_ROWS = 1_000;
/** Records of a chunk where rows are compared one by one. */
const CHUNK_RECORDS = 1_000;
const SAMPLE = 10;

type Options = Parameters<Engine['compareRange']>[4];

/**
 * Compares what the target has with what the source gives, repairs the difference under the rows' locks, and looks
 * again. `wrong` counts rows that were missing or different when first read: only a pass without any proves the load.
 * Where the whole source is transformed in SQL both databases sum up ranges of the target's key; else the records go
 * through the load once more, which changes only what differs.
 */
export async function compareRange(
  open: Open,
  load: Load,
  source: RowSource,
  range: KeyRange,
  fence: Fence,
  options: Options,
): Promise<CompareResult> {
  const session = await openWriter(open, load);
  try {
    const phase = await fencePhase(session, fence);
    const statement = writeStatement(load, load.columns, fence.migration);
    const writer: Writer = { session, load, source, fence, phase, statement };
    return comparesSums(load)
      ? await bySums(writer, range, options)
      : await byRecords(writer, range, options);
  } finally {
    await session.close();
  }
}

async function byRecords(writer: Writer, range: KeyRange, options: Options): Promise<CompareResult> {
  const { session, fence, load } = writer;
  const without = await readRefusedKeys(session, fence.migration, load.id);
  const result = nothing(options.from);
  for (;;) {
    options.signal.throwIfAborted();
    if (clock.now() >= options.until) return { ...result, status: 'more' };
    const next = { from: result.last ?? range.from, to: range.to, without };
    const chunk = await patiently(
      () => loadRecords(writer, next, CHUNK_RECORDS),
      writer.load.to.name,
      options.signal,
    );
    result.rowsChecked += chunk.seen;
    result.wrong += chunk.written + chunk.changed;
    result.repaired += chunk.written + chunk.changed;
    result.errors += chunk.errors;
    result.last = chunk.last ?? result.last;
    if (chunk.seen < CHUNK_RECORDS) return result;
  }
}

async function bySums(writer: Writer, range: KeyRange, options: Options): Promise<CompareResult> {
  const { session, load, source, fence } = writer;
  const target = targetSide(session, load);
  const refused = await readRefusedKeys(session, fence.migration, load.id);
  const given = source.byTargetKey(refused);
  const result = nothing(options.from);
  for (;;) {
    options.signal.throwIfAborted();
    if (clock.now() >= options.until) return { ...result, status: 'more' };
    const from = result.last ?? range.from;
    const end = await target.keyAfter({ from, to: range.to }, SLICE_ROWS);
    await compareSlice(writer, given, target, { from, to: end ?? range.to }, result, options);
    if (end === null) return result;
    result.last = end;
  }
}

async function compareSlice(
  writer: Writer,
  given: SourceSide,
  target: RowSide,
  range: KeyRange,
  result: CompareResult,
  options: Options,
): Promise<void> {
  options.signal.throwIfAborted();
  const [there, wanted] = await Promise.all([target.checksum(range), given.checksum(range)]);
  if (there.rows === wanted.rows && there.sums === wanted.sums) {
    result.rowsChecked += wanted.rows;
    return;
  }
  const larger = Math.max(there.rows, wanted.rows);
  if (larger > LEAF_ROWS) {
    const side = there.rows > wanted.rows ? target : given;
    const middle = await side.keyAfter(range, Math.floor(larger / 2));
    // Rows went meanwhile, or one key is there many times: it cannot be halved.
    if (middle !== null && String(middle) !== String(range.to)) {
      await compareSlice(writer, given, target, { from: range.from, to: middle }, result, options);
      await compareSlice(writer, given, target, { from: middle, to: range.to }, result, options);
      return;
    }
  }
  await compareRows(writer, given, target, range, result, options);
}

const mostLeaf = 10 * LEAF_ROWS;

async function compareRows(
  writer: Writer,
  given: SourceSide,
  target: RowSide,
  range: KeyRange,
  result: CompareResult,
  options: Options,
): Promise<void> {
  const [there, wanted] = await Promise.all([target.hashes(range, mostLeaf), given.hashes(range, mostLeaf)]);
  result.rowsChecked += wanted.length;
  const found = new Map(there.map(({ key, hash }) => [keyOf(key), hash]));
  const expected = new Set(wanted.map(({ key }) => keyOf(key)));
  const wrong = wanted.filter(({ key, hash }) => found.get(keyOf(key)) !== hash).map(({ key }) => key);
  if (wrong.length > 0) {
    result.wrong += wrong.length;
    result.sample.push(...wrong.slice(0, SAMPLE - result.sample.length));
    result.repaired += await patiently(
      () => repair(writer, given, wrong),
      writer.load.to.name,
      options.signal,
    );
  }
  const others = there.filter(({ key }) => !expected.has(keyOf(key))).map(({ key }) => key);
  if (others.length > 0) await nameOthers(writer, others, result);
}

/** Rows of the same key cannot both be there: they stay wrong, and the pass says which. */
async function repair(writer: Writer, given: SourceSide, keys: string[][]): Promise<number> {
  const { session, statement, load, fence, phase } = writer;
  const single = [...new Map(keys.map((key) => [keyOf(key), key])).values()].filter(
    (key) => keys.filter((other) => keyOf(other) === keyOf(key)).length === 1,
  );
  if (single.length === 0) return 0;
  const { inserted, changed } = await writeRows(
    session,
    statement,
    load,
    await given.rowsOf(single),
    fence,
    phase,
  );
  return inserted + changed;
}
