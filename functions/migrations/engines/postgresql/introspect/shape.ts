import type { QueryResultRow } from 'pg';
import type { Table } from '../../../plan/snapshot.ts';
import { type SchemaObject, SchemaShape } from '../../../registry/shape.ts';
import type { Session } from '../connection.ts';
import { triggerPrefix } from '../dual-write/triggers.ts';
import * as queries from './shape-queries.ts';
import { consistently, type ReadTables, readTables } from './snapshot.ts';

interface Facts {
  tables: { name: string; partition: string | null; rowSecurity: 'off' | 'on' | 'forced' }[];
  columns: {
    table: string;
    name: string;
    type: string;
    notNull: boolean;
    default: string | null;
    identity: string | null;
    generated: string | null;
  }[];
  parts: { kind: 'trigger' | 'policy'; table: string; name: string; definition: string }[];
  views: { name: string; materialized: boolean; definition: string }[];
  enums: { name: string; values: string[] }[];
  others: { kind: 'domain' | 'sequence'; name: string; definition: string }[];
}

/** What Theseus calls the columns, indexes and constraints that stand in for others until the removal (`hashedName`). */
const standIn = /_theseus_[0-9a-f]{8}_/g;
const isStandIn = (name: string) => name.startsWith('_theseus_');
/** A definition as it will read when what stands in has taken the place of the old. */
const settled = (text: string) => text.replaceAll(standIn, '');

function partsOf(table: Table, facts: Facts): SchemaObject[] {
  const said = new Map(
    facts.columns.filter((one) => one.table === table.physical).map((one) => [one.name, one]),
  );
  const column = (one: Table['columns'][number]): SchemaObject => ({
    kind: 'column',
    table: table.name,
    name: one.name,
    type: one.type,
    notNull: one.notNull,
    default: one.default,
    identity: said.get(one.physical)?.identity ?? null,
    generated: said.get(one.physical)?.generated ?? null,
  });
  const constraints = table.constraints.flatMap(({ name, type, definition }) =>
    type === 'not_null'
      ? []
      : [{ kind: 'constraint' as const, table: table.name, name, type, definition: settled(definition) }],
  );
  const indexes = table.indexes
    .filter(({ constraint }) => constraint === null)
    .map(({ name, unique, definition }) => ({
      kind: 'index' as const,
      table: table.name,
      name,
      unique,
      definition: settled(definition),
    }));
  return [
    ...table.columns.filter(({ name }) => !isStandIn(name)).map(column),
    ...(table.hiddenColumns ?? []).flatMap((name): SchemaObject[] => {
      const kept = said.get(name);
      return isStandIn(name) || kept === undefined
        ? []
        : [{ kind: 'kept_column', ...kept, table: table.name }];
    }),
    ...standing([...constraints, ...indexes]),
    ...facts.parts
      .filter((one) => one.table === table.physical && !one.name.startsWith(triggerPrefix))
      .map((one) => ({ ...one, table: table.name })),
  ];
}

/** Constraints and indexes under the names they will keep; what stands in for another comes before that other. */
function standing<T extends { kind: string; name: string }>(all: T[]): T[] {
  const known = new Map<string, T>();
  for (const one of [...all].sort((a, b) => Number(isStandIn(a.name)) - Number(isStandIn(b.name)))) {
    const name = settled(one.name);
    known.set(`${one.kind} ${name}`, { ...one, name });
  }
  return [...known.values()];
}

/**
 * The shape of a schema as clients of its newest version see it. What Theseus added to carry a migration (triggers,
 * columns not yet published) is no part of it. Throws StatementFailed when there is no such schema.
 */
export async function readShape(session: Session, schema: string): Promise<SchemaShape> {
  return consistently(session, async () => {
    const found = await readTables(session, schema);
    const read = async <R extends QueryResultRow>(query: string) =>
      (await session.query<R>(query, [schema])).rows;
    const facts: Facts = {
      tables: await read<Facts['tables'][number]>(queries.tablesQuery),
      columns: await read<Facts['columns'][number]>(queries.columnsQuery),
      parts: [
        ...(await read<Facts['parts'][number]>(queries.triggersQuery)),
        ...(await read<Facts['parts'][number]>(queries.policiesQuery)),
      ],
      views: await read<Facts['views'][number]>(queries.viewsQuery),
      enums: await read<Facts['enums'][number]>(queries.enumsQuery),
      others: [
        ...(await read<Facts['others'][number]>(queries.domainsQuery)),
        ...(await read<Facts['others'][number]>(queries.sequencesQuery)),
      ],
    };
    return shapeOf(schema, found, facts);
  });
}

function shapeOf(schema: string, found: ReadTables, facts: Facts): SchemaShape {
  const tables = new Map(facts.tables.map((one) => [one.name, one]));
  const objects: SchemaObject[] = [
    ...found.tables.flatMap((table): SchemaObject[] => [
      {
        kind: 'table',
        name: table.name,
        partition: tables.get(table.physical)?.partition ?? null,
        foreign: table.kind === 'foreign',
        rowSecurity: tables.get(table.physical)?.rowSecurity ?? 'off',
      },
      ...partsOf(table, facts),
    ]),
    ...facts.views.map((one) => ({ kind: 'view' as const, ...one })),
    ...facts.enums.map((one) => ({ kind: 'enum' as const, ...one })),
    ...facts.others,
  ];
  return SchemaShape.parse({ schema, serverVersion: found.serverVersion, objects });
}
