import { qualified, quoteIdentifier, quoteLiteral } from '../sql/identifiers.ts';
import type { LogicalColumn, LogicalSchema, LogicalTable } from './logical.ts';
import type { VersionMapping } from './mapping.ts';
import type { StepDraft } from './pieces.ts';
import type { Statement } from './schemas.ts';
import type { Snapshot } from './snapshot.ts';
import { tableSql } from './steps.ts';

/** What a client can do through a view. */
const throughViews = ['SELECT', 'INSERT', 'UPDATE', 'DELETE'];
const byColumn = ['SELECT', 'INSERT', 'UPDATE'];

const role = (grantee: string) => (grantee === 'PUBLIC' ? 'PUBLIC' : quoteIdentifier(grantee));

/** A column of the view with the physical column behind it. */
const shown = (table: LogicalTable): (LogicalColumn & { new: string })[] =>
  table.columns.flatMap((column) => (column.new === null ? [] : [{ ...column, new: column.new }]));

/** Tables the version shows through views: those in change, and those the version before showed so. */
export const shownTables = (final: LogicalSchema): LogicalTable[] =>
  final.tables.filter((table) => table.changed);

/** Where the version's names physically are. */
export function versionMapping(final: LogicalSchema): VersionMapping {
  return {
    tables: shownTables(final).map((table) => ({
      name: table.name,
      physical: table.ref.name,
      columns: shown(table).map((column) => ({
        name: column.name,
        physical: column.new,
        ...(column.viewDefault === null ? {} : { default: column.viewDefault }),
      })),
    })),
    hiddenTables: final.droppedTables.map((table) => table.ref.name),
  };
}

/** The version's schema of views with their rights, in one transaction: from here new clients may come. */
export function publishStep(
  final: LogicalSchema,
  snapshot: Snapshot,
  version: string,
  migration: string,
): StepDraft {
  const statements: Statement[] = [
    `CREATE SCHEMA ${quoteIdentifier(version)}`,
    ...usage(final, snapshot, version),
  ].map((sql) => ({ sql, values: [] }));
  for (const table of shownTables(final)) {
    const view = qualified(version, table.name);
    const invoker = actsAsClient(table, snapshot) ? ' WITH (security_invoker = true)' : '';
    const columns = shown(table).map(
      (column) => `${quoteIdentifier(column.new)} AS ${quoteIdentifier(column.name)}`,
    );
    const sql = [
      `CREATE VIEW ${view}${invoker} AS SELECT ${columns.join(', ')} FROM ${tableSql(table.ref)}`,
      ...shown(table).flatMap((column) =>
        column.viewDefault === null
          ? []
          : [
              `ALTER VIEW ${view} ALTER COLUMN ${quoteIdentifier(column.name)} SET DEFAULT ${column.viewDefault}`,
            ],
      ),
      ...grants(table, view),
    ];
    statements.push(...sql.map((text) => ({ sql: text, values: [] })));
  }
  statements.push({
    sql:
      'INSERT INTO theseus.versions (schema, version, parent, migration, mapping, state) ' +
      // Tables that the version before dropped and that still stand stay hidden.
      "SELECT $1, $2, $3, $4, jsonb_set($5::jsonb, '{hiddenTables}', ($5::jsonb -> 'hiddenTables') || coalesce((" +
      "SELECT before.mapping -> 'hiddenTables' FROM theseus.versions before WHERE before.schema = $1 AND before.version = $3), '[]')), " +
      "'published' ON CONFLICT (schema, version) DO UPDATE " +
      "SET mapping = excluded.mapping, state = 'published'",
    values: [
      snapshot.schema,
      version,
      snapshot.currentVersion,
      migration,
      JSON.stringify(versionMapping(final)),
    ],
  });
  return {
    kind: 'transaction',
    purpose: `Publish the version ${version}`,
    locks: [],
    statements,
    dualWrites: [],
  };
}

/**
 * Whether the view reads the table with its client's rights. It must for row security; it cannot where somebody has
 * rights on single columns, because then a client needs rights on every column that the view shows.
 */
function actsAsClient(table: LogicalTable, snapshot: Snapshot): boolean {
  const byColumn = table.source?.grants.some((grant) => grant.columns !== null) === true;
  return snapshot.serverVersion >= 150_000 && !byColumn;
}

function usage(final: LogicalSchema, snapshot: Snapshot, version: string): string[] {
  const owners = shownTables(final).flatMap((table) => (table.source === null ? [] : [table.source.owner]));
  const granted = snapshot.schemaGrants
    .filter((grant) => grant.privileges.includes('USAGE'))
    .map((grant) => grant.grantee);
  const grantees = [...new Set([...granted, ...owners])];
  return grantees.map((grantee) => `GRANT USAGE ON SCHEMA ${quoteIdentifier(version)} TO ${role(grantee)}`);
}

function grants(table: LogicalTable, view: string): string[] {
  const { source } = table;
  if (source === null) return [];
  const owner = { grantee: source.owner, privileges: throughViews, columns: null };
  return [owner, ...source.grants].flatMap((grant) => {
    if (grant.columns === null) {
      const privileges = grant.privileges.filter((privilege) => throughViews.includes(privilege));
      return privileges.length === 0
        ? []
        : [`GRANT ${privileges.join(', ')} ON ${view} TO ${role(grant.grantee)}`];
    }
    const columns = shown(table).filter(
      (column) => column.old !== null && grant.columns?.includes(column.old),
    );
    const list = columns.map((column) => quoteIdentifier(column.name)).join(', ');
    const privileges = grant.privileges.filter((privilege) => byColumn.includes(privilege));
    return columns.length === 0
      ? []
      : privileges.map((each) => `GRANT ${each} (${list}) ON ${view} TO ${role(grant.grantee)}`);
  });
}

/**
 * Takes a version's views and its schema away, if it was published: a schema of that name which somebody else made is
 * left alone, and so is what others put into ours.
 */
export function dropVersion(schema: string, version: string, views: string[]): string[] {
  const name = quoteIdentifier(version);
  const published = `EXISTS (SELECT FROM theseus.versions WHERE schema = ${quoteLiteral(schema)} AND version = ${quoteLiteral(version)})`;
  const drops = views.map((view) => `DROP VIEW IF EXISTS ${name}.${quoteIdentifier(view)}`);
  const empty = `IF ${emptySchema(version)} THEN DROP SCHEMA ${name}; END IF`;
  return [`DO ${quoteLiteral(`BEGIN IF ${published} THEN ${[...drops, empty].join('; ')}; END IF; END`)}`];
}

const namespaces = { pg_class: 'relnamespace', pg_proc: 'pronamespace', pg_type: 'typnamespace' };

function emptySchema(version: string): string {
  const empty = Object.entries(namespaces)
    .map(([catalogue, column]) => `NOT EXISTS (SELECT FROM pg_catalog.${catalogue} WHERE ${column} = n.oid)`)
    .join(' AND ');
  return `EXISTS (SELECT FROM pg_catalog.pg_namespace n WHERE nspname = ${quoteLiteral(version)} AND ${empty})`;
}
