import { fittingName, hashedName } from '../sql/identifiers.ts';
import type { Constraint, Index, Snapshot, Table } from './snapshot.ts';

/** A table that holds rows of a partitioned one, or stands between them. */
export type Part = NonNullable<Table['partitions']>[number];

/** What a partition calls its part of a standing index or constraint; null: it has none. */
export function ownPart(all: (Index | Constraint)[], name: string, part: Part): string | null {
  const parts = all.find((one) => one.name === name)?.parts;
  return parts?.find(({ table }) => table === part.oid)?.name ?? null;
}

/** The name of one partition's part of an index: the one that it has, else readable, and told apart where it is taken. */
export function indexPart(snapshot: Snapshot, table: Table, part: Part, index: string): string {
  const own = ownPart(table.indexes, index, part);
  if (own !== null) return own;
  const usual = fittingName(`${part.name}_${index}`);
  return snapshot.takenNames.includes(usual) ? hashedName(part.name, index) : usual;
}

/** The name of one partition's part of a foreign key: the server gives it the table's own. */
export function foreignKeyPart(snapshot: Snapshot, table: Table, part: Part, constraint: string): string {
  const own = ownPart(table.constraints, constraint, part);
  if (own !== null) return own;
  const others = snapshot.tables.find(({ oid }) => oid === part.oid)?.constraints ?? [];
  return others.some(({ name }) => name === constraint) ? hashedName(part.name, constraint) : constraint;
}
