import type { DataPlan, Load } from '../plan/schemas.ts';
import type { ValidationLevel } from '../validation-level.ts';

/** Whether both databases can sum up ranges of the target's key; if not, the records go through the load once more. */
export const comparesSums = ({
  transform,
  watermark,
  remembered,
}: Pick<Load, 'transform' | 'watermark' | 'remembered'>): boolean =>
  transform.kind === 'sql' && watermark === null && remembered === undefined;

/**
 * One way through the rows of a table: `sums` finds rows that are wrong and rows of others, `records` those that are
 * wrong, `keys` those of others.
 */
export interface Comparison {
  id: string;
  load: Load;
  by: 'sums' | 'records' | 'keys';
  estimatedRows: number;
}

/** How the loads of a plan are compared; `basic` leaves out what only finds rows of others. */
export function comparisonsOf({ loads }: DataPlan, level: ValidationLevel | undefined): Comparison[] {
  const given = (load: Load) => load.estimatedResult?.rows ?? load.estimatedRows;
  const each = loads.map((load): Comparison => {
    const sums = comparesSums(load);
    return {
      id: load.id,
      load,
      by: sums ? 'sums' : 'records',
      estimatedRows: sums ? given(load) : load.estimatedRows,
    };
  });
  if (level === 'basic') return each;
  const remembered = loads.filter((load) => load.remembered !== undefined);
  const tables = new Map(remembered.map((load) => [load.to.name, load]));
  const keys = [...tables].map(([name, load]): Comparison => {
    const own = remembered.filter(({ to }) => to.name === name);
    return {
      id: `others.${name}`,
      load,
      by: 'keys',
      estimatedRows: own.reduce((sum, one) => sum + given(one), 0),
    };
  });
  return [...each, ...keys];
}
