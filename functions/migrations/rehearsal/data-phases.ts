import { comparisonsOf } from '../data/comparisons.ts';
import type { Engine, Fence, RowSource } from '../engines/engine.ts';
import { transformOf } from '../loading/transform.ts';
import type { DataPlan, Load } from '../plan/schemas.ts';
import { firstPace } from '../rows/fill.ts';
import { checked, filled, nothing, type Phase, type Piece, whole } from './phases.ts';
import type { Outcome } from './state.ts';

/** Refused records that a report names. */
const mostNamed = 10;

/** A data migration between two copies: loaded, related, compared, and taken back. */
export function dataPhases(
  { source, target }: { source: Engine; target: Engine },
  data: DataPlan,
  fence: Fence,
  outcome: Outcome,
): Phase[] {
  async function reading<T>(load: Load, work: (rows: RowSource) => Promise<T>): Promise<T> {
    const rows = await source.openRowSource(load, await transformOf(load));
    return work(rows).finally(() => rows.close());
  }
  const load =
    (all: boolean) =>
    (one: Load): Piece =>
    (from, options) =>
      reading(one, async (rows) => {
        const run = { ...options, from, whole: all, pace: firstPace, onProgress: async () => true };
        return filled(await target.loadRange(one, rows, whole, fence, run));
      });
  const compare = comparisonsOf(data, 'full').map(
    ({ load: one, by }): Piece =>
      async (from, options) => {
        const run = { ...options, from };
        return checked(
          by === 'keys'
            ? await target.findOthers(one, whole, fence, run)
            : await reading(one, (rows) => target.compareRange(one, rows, whole, fence, run)),
        );
      },
  );
  const count: Piece = async () => {
    const records = await target.countRecordErrors(fence.migration);
    const first = await target.recordErrors(fence.migration, 0, mostNamed);
    outcome.refused = {
      records,
      allowed: data.mostErrors,
      first: first.map(({ from, key, error }) => ({ from, key, why: error.message ?? error.name ?? '' })),
    };
    return nothing;
  };
  const takeBack: Piece = async (_from, options) => {
    const status = await target.takeBackLoads(data.loads, fence, options);
    return { ...nothing, status: status === 'done' ? 'done' : 'more' };
  };
  const byId = (ids: string[]) => data.loads.filter(({ id }) => ids.includes(id));
  return [
    { name: 'load', pieces: data.levels.flatMap((level) => byId(level).map(load(false))) },
    { name: 'relate', pieces: byId(data.relations).map(load(true)) },
    { name: 'verify', pieces: [...compare, count] },
    { name: 'undo', pieces: [takeBack] },
  ];
}
