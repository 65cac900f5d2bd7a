import type { LogicalTable } from '../plan/logical.ts';

/** The key that rows of the table are walked by, with types; empty when there is none. */
export function keyOf(table: LogicalTable): { column: string; type: string }[] {
  return (table.source?.key ?? []).map((column) => ({
    column,
    type: table.source?.columns.find((candidate) => candidate.physical === column)?.type ?? 'text',
  }));
}
