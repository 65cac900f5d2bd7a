import type { Draft } from '../plan/forecast-step.ts';
import type { DataPlan, Load } from '../plan/schemas.ts';
import type { ValidationLevel } from '../validation-level.ts';
import { type Comparison, comparisonsOf } from './comparisons.ts';

const hows = { sql: 'in SQL', jsonata: 'by JSONata' };
const howOf = ({ transform }: Load): string =>
  transform.kind === 'module' ? `by ${transform.path}` : hows[transform.kind];
const nameOf = ({ schema, name }: Load['to']): string => `${schema}.${name}`;

const comparing: Record<Comparison['by'], (load: Load) => string> = {
  sums: ({ from, to }) =>
    `Compare the rows of ${to.name} with what ${from.name} gives, by checksums of ranges`,
  records: ({ from, to }) =>
    `Load the records of ${from.name} once more, which changes only rows of ${to.name} that differ`,
  keys: ({ to }) => `Look up the keys of ${to.name}, to find rows that nobody of this file wrote`,
};

/**
 * The steps of a data migration: each load after those that its rows refer to, the references that wait after all rows,
 * and at the end the comparison of every table.
 */
export function loadDrafts(data: DataPlan, level: ValidationLevel | undefined): Draft[] {
  const { loads, levels, relations, source } = data;
  const byId = (ids: readonly string[]) => loads.filter(({ id }) => ids.includes(id));
  const stepOf = (phase: 'load' | 'relate') => (id: string) => `${phase}.${id}`;
  const last = (levels.at(-1) ?? []).map(stepOf('load'));
  const written = relations.length === 0 ? last : relations.map(stepOf('relate'));
  const writes = { mode: 'ROW EXCLUSIVE', kind: 'load' } as const;
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
    ...comparisonsOf(data, level).map(
      ({ id, load, by, estimatedRows }): Draft => ({
        id: `verify.${id}`,
        phase: 'verify',
        purpose: comparing[by](load),
        after: written,
        // Rows that differ are repaired under their locks.
        lock:
          by === 'keys'
            ? { mode: 'ACCESS SHARE', tables: [nameOf(load.to)] }
            : { ...writes, tables: [nameOf(load.to)] },
        rows: estimatedRows,
        work: by === 'records' ? 'load' : 'compare',
        validation: by === 'keys' ? 'Rows of others are named' : 'A pass without a difference',
      }),
    ),
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
