import { searchPath } from '../sql/identifiers.ts';
import type { FlowGroup } from './groups.ts';
import type { LogicalSchema, LogicalTable } from './logical.ts';
import type { Note } from './schemas.ts';
import type { Snapshot, Table } from './snapshot.ts';

const listed = (names: string[]) =>
  `${names.slice(0, 20).join(', ')}${names.length > 20 ? ` and ${names.length - 20} more` : ''}`;

/** What the reader of the plan should know of the tables as they stand, apart from any single operation. */
export function standingNotes(
  final: LogicalSchema,
  snapshot: Snapshot,
  groups: FlowGroup[],
  versionSchema: string,
): Note[] {
  const changed = final.tables.flatMap((table) =>
    table.source !== null && isTouched(table) ? [table.source] : [],
  );
  const fed = groups.flatMap(({ table }) => (table.source === null ? [] : [table.source]));
  return [
    ...unique(fed).flatMap(triggerNotes),
    ...changed.flatMap((table) => publicationNotes(table, snapshot)),
    ...(snapshot.replicationSlots.length > 0 && groups.length > 0 ? [slotNote(snapshot)] : []),
    ...(snapshot.standbys > 0 && changed.length > 0 ? [standbyNote(snapshot)] : []),
    ...changed.flatMap((table) => securityNotes(table)),
    ...final.tables.flatMap(columnGrantNotes),
    ...fragileNotes(
      final.tables.filter(gainsColumn).flatMap(({ source }) => source ?? []),
      snapshot,
    ),
    ...(changed.length === 0 && final.tables.every((table) => !table.changed)
      ? []
      : [pathNote(final.name, versionSchema)]),
  ];
}

const unique = (tables: Table[]) => [...new Set(tables)];

/** Whether the file itself changes the table: not only shown again because the version before showed it. */
export function isTouched(table: LogicalTable): boolean {
  const { source } = table;
  if (source === null) return true;
  return (
    table.name !== source.name ||
    table.dropped.length > 0 ||
    table.columns.some((column) => column.changedBy !== null || renamed(column.id, column.name, source))
  );
}

/** Clients of the plain table will see a column more. */
const gainsColumn = ({ columns }: LogicalTable): boolean =>
  columns.some((column) => column.new !== null && column.new !== column.old);

const renamed = (physical: string, name: string, source: Table) =>
  source.columns.some((column) => column.physical === physical && column.name !== name);

function triggerNotes(table: Table): Note[] {
  if (table.triggers.length === 0) return [];
  const names = listed(table.triggers.map((trigger) => trigger.name));
  const text = `"${table.name}" has triggers of its own (${names}). The backfill’s updates fire them too, and ours run after them: read what they do before you consent.`;
  return [{ code: 'existing_triggers', severity: 'consent', operation: null, text }];
}

function publicationNotes(table: Table, snapshot: Snapshot): Note[] {
  if (table.publications.length === 0) return [];
  const slots =
    snapshot.replicationSlots.length === 0 ? '' : ` (slots: ${listed(snapshot.replicationSlots)})`;
  const text = `"${table.name}" is published by ${listed(table.publications)}${slots}. A subscriber whose table lacks the new columns stops: add them there first.`;
  return [{ code: 'publications', severity: 'consent', operation: null, text }];
}

function slotNote(snapshot: Snapshot): Note {
  const text = `Replication slots stand (${listed(snapshot.replicationSlots)}): the backfill’s WAL fills the disk until their readers have it, and logical ones see every row change.`;
  return { code: 'replication_slots', severity: 'consent', operation: null, text };
}

function standbyNote({ standbys }: Snapshot): Note {
  const text = `${standbys === 1 ? 'One standby follows' : `${standbys} standbys follow`} this server: queries there that read the tables in change are cancelled when they hold up the replay of its locks longer than max_standby_streaming_delay.`;
  return { code: 'standbys', severity: 'info', operation: null, text };
}

function securityNotes(table: Table): Note[] {
  if (!table.rowSecurity) return [];
  const text = `"${table.name}" has row security: views keep it for clients (security_invoker), and the migrating role needs BYPASSRLS to see every row.`;
  return [{ code: 'row_security', severity: 'warning', operation: null, text }];
}

/** Rights on single columns say nothing of a column that comes new. */
function columnGrantNotes(table: LogicalTable): Note[] {
  const grantees = (table.source?.grants ?? []).flatMap((grant) =>
    grant.columns === null ? [] : [grant.grantee],
  );
  const added = table.columns.filter((column) => column.old === null).map((column) => column.name);
  if (grantees.length === 0 || added.length === 0 || table.source === null) return [];
  const text = `${listed([...new Set(grantees)])} have rights on single columns of "${table.name}" only: grant them ${listed(added)} where they need it.`;
  return [{ code: 'column_grants', severity: 'warning', operation: null, text }];
}

function fragileNotes(tables: Table[], snapshot: Snapshot): Note[] {
  return snapshot.fragileStatements
    .filter(({ query }) => tables.some((table) => query.includes(table.physical)))
    .slice(0, 20)
    .map(({ query, reason, calls }) => ({
      code: 'fragile_statement',
      severity: 'warning' as const,
      operation: null,
      text: `Clients ran this ${calls} times, and a new column breaks it (${reason}): ${query.slice(0, 300)}`,
    }));
}

function pathNote(schema: string, versionSchema: string): Note {
  const text = `New clients set search_path to ${searchPath(versionSchema, schema)}. Through the views COPY, ON CONFLICT ON CONSTRAINT, GROUP BY the key alone and ctid do not work.`;
  return { code: 'search_path', severity: 'info', operation: null, text };
}
