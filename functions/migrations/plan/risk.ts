import type { Backfill, Note, Plan, UndoClass } from './schemas.ts';

const classes: UndoClass[] = ['exact', 'lossy', 'none'];

/** The weakest of several. */
export function worstUndo(each: UndoClass[]): UndoClass {
  return classes[Math.max(0, ...each.map((undo) => classes.indexOf(undo)))] ?? 'exact';
}

/** Rows from which a backfill takes long enough to be planned for. */
const MANY_ROWS = 10_000_000;

/** How carefully the plan wants to be read, and why. */
export function riskOf(operations: Plan['operations'], backfill: Backfill[], notes: Note[]): Plan['risk'] {
  const high = [
    ...operations.flatMap((operation) =>
      operation.kind === 'drop_table'
        ? [`${operation.summary}: its rows go at removal`]
        : operation.undo === 'none'
          ? [`${operation.summary}: cannot be undone`]
          : [],
    ),
    ...backfill
      .filter((walk) => walk.estimatedRows >= MANY_ROWS)
      .map((walk) => `${walk.table.name}: about ${walk.estimatedRows} rows to fill`),
  ];
  const medium = [
    ...operations
      .filter((operation) => operation.kind === 'drop_column')
      .map((operation) => `${operation.summary}: its values go at removal`),
    ...notes.filter((note) => note.severity !== 'info').map((note) => note.text),
    ...backfill
      .filter((walk) => walk.estimatedRows < MANY_ROWS)
      .map((walk) => `${walk.table.name}: about ${walk.estimatedRows} rows to fill`),
  ];
  if (high.length > 0) return { level: 'high', reasons: [...high, ...medium] };
  return medium.length > 0
    ? { level: 'medium', reasons: medium }
    : { level: 'low', reasons: ['Only the catalogue changes'] };
}
