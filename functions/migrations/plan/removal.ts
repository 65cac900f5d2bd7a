import { fittingName, quoteIdentifier, quoteLiteral } from '../sql/identifiers.ts';
import type { FlowGroup } from './groups.ts';
import type { LogicalSchema, LogicalTable } from './logical.ts';
import { dropLogin } from './login.ts';
import type { Pieces, StepDraft } from './pieces.ts';
import { dropVersion, shownTables } from './publish.ts';
import type { Statement, TableRef } from './schemas.ts';
import type { Snapshot } from './snapshot.ts';
import { lockOrder, tableSql } from './steps.ts';

/**
 * The end of the undo window: the old clients' version goes, feeding stops, what only they had is dropped, and the
 * physical names become those of the new version, in one transaction. Indexes go after it.
 */
export function removalSteps(
  final: LogicalSchema,
  snapshot: Snapshot,
  version: string,
  groups: FlowGroup[],
  all: Pieces[],
): StepDraft[] {
  const changes = [
    ...all.flatMap((each) => each.removal.drop),
    ...all.flatMap((each) => each.removal.finish),
    ...all.flatMap((each) => each.removal.renames ?? []),
  ];
  const tables = shownTables(final).filter((table) => table.source !== null);
  const statements: Statement[] = [
    ...previousVersion(snapshot),
    ...[
      ...all.flatMap((each) => each.removal.drop).flatMap((change) => change.statements),
      ...tables.flatMap(defaults),
      ...all.flatMap((each) => each.removal.finish).flatMap((change) => change.statements),
      ...all.flatMap((each) => each.removal.renames ?? []).flatMap((change) => change.statements),
      ...tables.flatMap((table) => renames(table, snapshot.schema, version)),
    ].map((sql) => ({ sql, values: [] })),
  ];
  const indexes = all.flatMap((each) => each.removal.indexes);
  if (statements.length === 0 && groups.length === 0) return indexes;
  const refs = [
    ...changes.flatMap((change) => change.tables),
    ...tables
      .filter((table) => defaults(table).length > 0 || renames(table, snapshot.schema, version).length > 0)
      .map((table) => table.ref),
    ...groups.map((group) => group.table.ref),
  ];
  return [
    {
      kind: 'transaction',
      purpose: 'Remove what only the old version used',
      locks: lockOrder(refs),
      statements,
      dualWrites: groups.map(({ group, table }) => ({ action: 'remove', table: table.ref, group: group.id })),
    },
    ...indexes,
  ];
}

function previousVersion(snapshot: Snapshot): Statement[] {
  const { currentVersion } = snapshot;
  if (currentVersion === null) return [];
  const views = snapshot.tables.filter((table) => table.versioned !== false).map((table) => table.name);
  return [
    ...[
      ...dropVersion(snapshot.schema, currentVersion, views),
      ...(snapshot.currentLogin === null ? [] : [dropLogin(currentVersion)]),
    ].map((sql) => ({ sql, values: [] })),
    {
      sql: "UPDATE theseus.versions SET state = 'removed' WHERE schema = $1 AND version = $2",
      values: [snapshot.schema, currentVersion],
    },
  ];
}

/** Defaults that only the view gave so far, now that old clients cannot see them. */
function defaults(table: LogicalTable): string[] {
  return table.columns.flatMap(({ new: physical, finalDefault }) => {
    if (physical === null || finalDefault === undefined) return [];
    const action = finalDefault === null ? 'DROP DEFAULT' : `SET DEFAULT ${finalDefault}`;
    return [`ALTER TABLE ${tableSql(table.ref)} ALTER COLUMN ${quoteIdentifier(physical)} ${action}`];
  });
}

/** Physical names become the version's own, unless a later version or a live group still goes by them. */
function renames(table: LogicalTable, schema: string, version: string): string[] {
  const columns = table.columns.flatMap(({ name, new: physical }) =>
    physical === null || physical === name ? [] : [renameColumn(table.ref, physical, name, schema, version)],
  );
  return table.ref.name === table.name
    ? columns
    : [...columns, renameTable(table.ref, table.name, schema, version)];
}

const guarded = (condition: string, statements: string[]) =>
  `DO ${quoteLiteral(`BEGIN IF ${condition} THEN ${statements.join('; ')}; END IF; END`)}`;

/** No dual write of the table lives on, and no version after this one is built on its physical names. */
function unused(ref: TableRef, schema: string, version: string): string {
  const later =
    'SELECT FROM theseus.versions later JOIN theseus.versions own ON later.schema = own.schema AND later.number > own.number ' +
    `WHERE own.schema = ${quoteLiteral(schema)} AND own.version = ${quoteLiteral(version)} AND later.state = 'published' ` +
    `AND later.mapping @> ${quoteLiteral(JSON.stringify({ tables: [{ physical: ref.name }] }))}::jsonb`;
  return `NOT EXISTS (SELECT FROM theseus.groups WHERE table_oid = ${quoteLiteral(tableSql(ref))}::regclass) AND NOT EXISTS (${later})`;
}

/** The mapping with one physical name changed in the entries of one table. */
function remap(ref: TableRef, schema: string, change: string): string {
  return (
    `UPDATE theseus.versions SET mapping = pg_catalog.jsonb_set(mapping, '{tables}', (SELECT pg_catalog.jsonb_agg(CASE WHEN t ->> 'physical' = ${quoteLiteral(ref.name)} ` +
    `THEN ${change} ELSE t END ORDER BY place) FROM pg_catalog.jsonb_array_elements(mapping -> 'tables') WITH ORDINALITY AS tables(t, place))) ` +
    `WHERE schema = ${quoteLiteral(schema)} AND mapping @> ${quoteLiteral(JSON.stringify({ tables: [{ physical: ref.name }] }))}::jsonb`
  );
}

function renameColumn(
  ref: TableRef,
  physical: string,
  name: string,
  schema: string,
  version: string,
): string {
  const free = `NOT EXISTS (SELECT FROM pg_catalog.pg_attribute WHERE attrelid = ${quoteLiteral(tableSql(ref))}::regclass AND attname = ${quoteLiteral(name)} AND NOT attisdropped)`;
  const changed =
    `pg_catalog.jsonb_set(t, '{columns}', (SELECT pg_catalog.jsonb_agg(CASE WHEN c ->> 'physical' = ${quoteLiteral(physical)} ` +
    `THEN pg_catalog.jsonb_set(c, '{physical}', pg_catalog.to_jsonb(${quoteLiteral(name)}::text)) ELSE c END ORDER BY at) ` +
    `FROM pg_catalog.jsonb_array_elements(t -> 'columns') WITH ORDINALITY AS columns(c, at)))`;
  return guarded(`${unused(ref, schema, version)} AND ${free}`, [
    `ALTER TABLE ${tableSql(ref)} RENAME COLUMN ${quoteIdentifier(physical)} TO ${quoteIdentifier(name)}`,
    ...(physical.startsWith('_theseus_') ? [renameNotNull(ref, physical, name)] : []),
    remap(ref, schema, changed),
  ]);
}

/** `_theseus_`, eight hexadecimal digits, `_`: what stays of the name however the server cuts it. */
const hashedPrefix = 18;

/** From PostgreSQL 18 on NOT NULL is a constraint with a name, which was made of the physical column's. */
function renameNotNull(ref: TableRef, physical: string, name: string): string {
  const usual = quoteLiteral(fittingName(`${ref.name}_${name}_not_null`));
  const own = `conrelid = ${quoteLiteral(tableSql(ref))}::regclass`;
  const found =
    `SELECT pg_catalog.format(${quoteLiteral('ALTER TABLE %s RENAME CONSTRAINT %I TO %I')}, conrelid::regclass, conname, ${usual}) ` +
    `FROM pg_catalog.pg_constraint WHERE ${own} AND contype = 'n' AND pg_catalog.strpos(conname, ${quoteLiteral(physical.slice(0, hashedPrefix))}) > 0 ` +
    `AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint WHERE ${own} AND conname = ${usual}) LIMIT 1`;
  return `EXECUTE coalesce((${found}), 'SELECT')`;
}

function renameTable(ref: TableRef, name: string, schema: string, version: string): string {
  const free = `pg_catalog.to_regclass(${quoteLiteral(tableSql({ ...ref, name }))}) IS NULL`;
  const changed = `pg_catalog.jsonb_set(t, '{physical}', pg_catalog.to_jsonb(${quoteLiteral(name)}::text))`;
  return guarded(`${unused(ref, schema, version)} AND ${free}`, [
    `ALTER TABLE ${tableSql(ref)} RENAME TO ${quoteIdentifier(name)}`,
    remap(ref, schema, changed),
  ]);
}
