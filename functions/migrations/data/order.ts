import type { Table } from '../plan/snapshot.ts';

/** A target table as far as its place in the order is concerned; `columns` are those that are filled. */
export interface Loaded {
  id: string;
  table: Table;
  schema: string;
  columns: string[];
}

export interface Order {
  /** Ids, one level after the other: what is referred to comes first. */
  levels: string[][];
  /** Columns that refer to rows which may come later, by id. */
  deferred: Map<string, string[]>;
  /** Columns that would have to be null until the rows they refer to are there, and may not be. */
  stuck: { id: string; table: string; constraint: string; columns: string[] }[];
}

interface Reference {
  from: string;
  to: string;
  constraint: string;
  columns: string[];
  /** It can wait: some column of it may be null, or the server looks at the end of the transaction only. */
  nullable: string[];
}

/**
 * In which order tables are filled so that every foreign key finds its row. References around a circle, and of a table
 * to itself, wait: the columns that may be null are filled when all rows are there.
 */
export function loadOrder(loads: readonly Loaded[]): Order {
  const references = loads.flatMap((load) => referencesOf(load, loads));
  const deferred = new Map<string, string[]>();
  const stuck: Order['stuck'] = [];
  const levels: string[][] = [];
  const placed = new Set<string>();
  const waitsFor = new Map(
    loads.map(({ id }) => [id, references.filter((one) => one.from === id && one.to !== id)]),
  );
  const defer = (one: Reference): void => {
    if (one.nullable.length === 0) {
      const table = loads.find(({ id }) => id === one.from)?.table.name ?? '';
      stuck.push({ id: one.from, table, constraint: one.constraint, columns: one.columns });
      return;
    }
    deferred.set(one.from, [...new Set([...(deferred.get(one.from) ?? []), ...one.nullable])]);
  };
  for (const one of references.filter(({ from, to }) => from === to)) defer(one);
  while (placed.size < loads.length) {
    const open = loads.filter(({ id }) => !placed.has(id));
    const blocking = (id: string) => (waitsFor.get(id) ?? []).filter(({ to }) => !placed.has(to));
    const free = open.filter(({ id }) => blocking(id).length === 0);
    // In a circle the table goes first that can let most of its references wait.
    const ready = free.length > 0 ? free : [easiest(open, blocking)];
    for (const { id } of ready) for (const one of blocking(id)) defer(one);
    levels.push(ready.map(({ id }) => id));
    for (const { id } of ready) placed.add(id);
  }
  return { levels, deferred, stuck };
}

function easiest(open: Loaded[], blocking: (id: string) => Reference[]): Loaded {
  const cost = ({ id }: Loaded) => blocking(id).filter(({ nullable }) => nullable.length === 0).length;
  return open.reduce((best, one) => (cost(one) < cost(best) ? one : best));
}

function referencesOf(load: Loaded, loads: readonly Loaded[]): Reference[] {
  return load.table.constraints.flatMap((constraint) => {
    const { references, columns } = constraint;
    // A column that is not filled keeps its default, which refers to nothing that is loaded here.
    if (constraint.type !== 'foreign_key' || references === null) return [];
    if (!columns.every((column) => load.columns.includes(column))) return [];
    const mayBeNull = columns.filter(
      (name) => load.table.columns.find((column) => column.physical === name)?.notNull === false,
    );
    return loads
      .filter((other) => other.schema === references.schema && other.table.physical === references.table)
      .map((other) => ({
        from: load.id,
        to: other.id,
        constraint: constraint.name,
        columns,
        nullable: mayBeNull,
      }));
  });
}
