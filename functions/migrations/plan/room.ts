import type { LogicalSchema } from './logical.ts';
import type { Backfill, Plan, Step } from './schemas.ts';

/** Bytes of one value, by the type's first word; others vary, and stand at this. */
const VARYING_BYTES = 32;
const widths: Record<string, number> = {
  boolean: 1,
  smallint: 2,
  integer: 4,
  date: 4,
  real: 4,
  bigint: 8,
  double: 8,
  money: 8,
  time: 8,
  timestamp: 8,
  numeric: 12,
  interval: 16,
  uuid: 16,
};
/** A row's header and the pointer to it on its page. */
export const ROW_BYTES = 28;
/** An entry of a B-tree: its header and pointer, a key of middling length, and pages three quarters full. */
export const INDEX_ENTRY_BYTES = 40;
/** Headers of the records that one changed row writes: its lock, the row, its index entries. */
export const WAL_RECORD_BYTES = 200;

const widthOf = (type: string): number => widths[type.split(/[^a-z]/)[0] ?? ''] ?? VARYING_BYTES;

/**
 * What the migration will add on the database's disk, in bytes and by table, from sizes and rows that are estimates
 * themselves. Filling writes every row anew: until vacuum takes the old ones away, rows and index entries are there
 * twice. Values kept out of line (TOAST) are not written again.
 */
export function roomOf(backfill: Backfill[], index: Step[], final: LogicalSchema): NonNullable<Plan['room']> {
  const created = index.filter((step) => step.kind === 'create_index');
  const tables = new Map([...backfill, ...created].map(({ table }) => [table.name, table] as const));
  return [...tables.values()].map((table) => {
    const source = [...final.tables, ...final.droppedTables].find(
      ({ ref }) => ref.name === table.name,
    )?.source;
    const rows = source?.estimatedRows ?? 0;
    const again = (source?.bytes ?? 0) - (source?.toastBytes ?? 0);
    const fill = backfill.find((one) => one.table.name === table.name);
    const indexes =
      created.filter((step) => step.table.name === table.name).length * rows * INDEX_ENTRY_BYTES;
    const columns = (fill?.set ?? []).reduce((sum, { type }) => sum + rows * widthOf(type), 0);
    const rowVersions = fill === undefined ? 0 : again;
    // The pages that the rows leave are logged whole once after each checkpoint, beside the rows that are written.
    const filling = fill === undefined ? 0 : 2 * again + columns + rows * WAL_RECORD_BYTES;
    return { table, columns, rows: 0, rowVersions, indexes, wal: filling + indexes };
  });
}

/** What stays of one table's part, bytes. */
export const staysOf = ({ columns, rows, rowVersions, indexes }: NonNullable<Plan['room']>[number]): number =>
  columns + rows + rowVersions + indexes;

/** Bytes that stay, all tables together; `kept` is how much WAL the server may hold at a time. */
export function roomNeeded(room: NonNullable<Plan['room']>, kept: number): number {
  const stays = room.reduce((sum, one) => sum + staysOf(one), 0);
  return (
    stays +
    Math.min(
      kept,
      room.reduce((sum, { wal }) => sum + wal, 0),
    )
  );
}
