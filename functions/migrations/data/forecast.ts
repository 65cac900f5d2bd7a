import type { Draft } from '../plan/forecast.ts';
import { chunkHeld } from '../plan/lock-times.ts';
import type { DataPlan, Load } from '../plan/schemas.ts';
import { comparesSums } from './compares-sums.ts';

const hows = { sql: 'in SQL', jsonata: 'by JSONata' };
const howOf = ({ transform }: Load): string =>
  transform.kind === 'module' ? `by ${transform.path}` : hows[transform.kind];
const nameOf = ({ schema, name }: Load['to']): string => `${schema}.${name}`;

/**
 * The steps of a data migration: each load after those that its rows refer to, the references that wait after all rows,
 * and at the end the comparison of every table.
 */
export function loadDrafts({ loads, levels, relations, source }: DataPlan): Draft[] {
  const byId = (ids: readonly string[]) => loads.filter(({ id }) => ids.includes(id));
  const stepOf = (phase: 'load' | 'relate') => (id: string) => `${phase}.${id}`;
  const last = (levels.at(-1) ?? []).map(stepOf('load'));
  const written = relations.length === 0 ? last : relations.map(stepOf('relate'));
  const writes = { mode: 'ROW EXCLUSIVE', heldMs: chunkHeld } as const;
  return [
    ...levels.flatMap((level, at) =>
      byId(level).map((load): Draft => {
        const { rows = load.estimatedRows } = load.estimatedResult ?? {};
        return {
          id: `load.${load.id}`,
          phase: 'load',
          purpose: `Read about ${load.estimatedRows} records of ${load.from.name} of ${source.name}, transform them ${howOf(load)}, write about ${rows} rows of ${load.to.name}`,
          after: at === 0 ? [] : (levels[at - 1] ?? []).map(stepOf('load')),
          lock: { ...writes, tables: [nameOf(load.to)] },
          rows: load.estimatedRows,
          work: 'load',
          validation: 'Its rows are compared with their records',
        };
      }),
    ),
    ...byId(relations).map(
      (load): Draft => ({
        id: `relate.${load.id}`,
        phase: 'relate',
        purpose: `Fill ${load.deferred.join(', ')} of ${load.to.name}, now that the rows are there`,
        after: last,
        lock: { ...writes, tables: [nameOf(load.to)] },
        rows: load.estimatedRows,
        work: 'load',
        validation: 'Its rows are compared with their records',
      }),
    ),
    ...loads.map((load): Draft => {
      const sums = comparesSums(load);
      return {
        id: `verify.${load.id}`,
        phase: 'verify',
        purpose: sums
          ? `Compare the rows of ${load.to.name} with what ${load.from.name} gives, by checksums of ranges`
          : `Load the records of ${load.from.name} once more, which changes only rows of ${load.to.name} that differ`,
        after: written,
        // Rows that differ are repaired under their locks.
        lock: { ...writes, tables: [nameOf(load.to)] },
        rows: sums ? (load.estimatedResult?.rows ?? load.estimatedRows) : load.estimatedRows,
        work: sums ? 'compare' : 'load',
        validation: 'A pass without a difference',
      };
    }),
  ];
}

/** A load's share of what is added to the disk for its table, bytes; what is noted for the way back is apart. */
export function diskOfLoad({ loads }: DataPlan, id: string, room: { rows: number; indexes: number }): number {
  const one = loads.find((load) => `load.${load.id}` === id);
  const own = one === undefined ? [] : loads.filter(({ to }) => to.name === one.to.name);
  const rows = own.reduce((sum, { estimatedResult }) => sum + (estimatedResult?.rows ?? 0), 0);
  const share = rows === 0 ? 0 : (one?.estimatedResult?.rows ?? 0) / rows;
  return Math.round((one?.estimatedResult?.bytes ?? 0) + room.indexes * share);
}
