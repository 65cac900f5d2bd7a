import { INDEX_ENTRY_BYTES, WAL_RECORD_BYTES } from '../plan/room.ts';
import type { Load, Plan, TableRef } from '../plan/schemas.ts';
import type { Table } from '../plan/snapshot.ts';

/** A key as it is noted for the way back. */
const NOTED_KEY_BYTES = 40;
/** A key that is remembered, with its index entry. */
const GIVEN_KEY_BYTES = 110;
const notes: TableRef = { schema: 'theseus', name: 'loads', oid: null };

/**
 * What the loads will add on the target's disk, by table, and what is noted beside them for the way back: the keys of
 * rows that are inserted, all of those that are changed. Estimates, bytes. Where the target has rows already, as many of
 * them as it has may be written again.
 */
export function roomOfLoads(drafts: readonly { load: Load; table: Table }[]): NonNullable<Plan['room']> {
  const tables = new Map(drafts.map(({ load, table }) => [load.to.name, { ref: load.to, table }]));
  let noted = 0;
  const room = [...tables.values()].map(({ ref, table }) => {
    const own = drafts.filter(({ load }) => load.to.name === ref.name).map(({ load }) => load);
    const sum = (pick: (result: { rows: number; bytes: number }) => number, of = own): number =>
      of.reduce((all, { estimatedResult }) => all + (estimatedResult ? pick(estimatedResult) : 0), 0);
    const count = sum(({ rows }) => rows);
    const rows = sum(({ bytes }) => bytes);
    // References that are filled last write these rows a second time.
    const rowVersions = sum(
      ({ bytes }) => bytes,
      own.filter(({ deferred }) => deferred.length > 0),
    );
    const indexes = table.indexes.length * count * INDEX_ENTRY_BYTES;
    const changed = count === 0 ? 0 : Math.min(1, table.estimatedRows / count);
    const given = own.some(({ remembered }) => remembered !== undefined) ? count * GIVEN_KEY_BYTES : 0;
    noted += Math.round(given + count * NOTED_KEY_BYTES + changed * rows + rowVersions);
    const wal = rows + rowVersions + indexes + count * WAL_RECORD_BYTES;
    return { table: ref, columns: 0, rows, rowVersions, indexes, wal };
  });
  return [...room, { table: notes, columns: 0, rows: noted, rowVersions: 0, indexes: 0, wal: noted }];
}
