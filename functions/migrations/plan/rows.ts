import { NoUsableKey } from '../errors.ts';
import { keyOf } from '../operations/keys.ts';
import { quoteIdentifier } from '../sql/identifiers.ts';
import { ofRow } from './binding.ts';
import { type FlowGroup, flowValue, holds } from './groups.ts';
import type { LogicalTable } from './logical.ts';
import type { Fill } from './pieces.ts';
import type { Backfill, Verification } from './schemas.ts';

/** One part of a table's rows to fill: its columns, how, and which rows nobody has filled yet. */
interface Part {
  columns: { column: string; type: string; expression: string }[];
  unwritten: string;
}

interface Work {
  table: LogicalTable;
  groups: FlowGroup[];
  fills: Fill[];
}

function byTable(groups: FlowGroup[], fills: Fill[]): Work[] {
  const tables = new Map([...groups, ...fills].map(({ table }) => [table.ref.name, table]));
  return [...tables.values()].map((table) => ({
    table,
    groups: groups.filter((group) => group.table.ref.name === table.ref.name),
    fills: fills.filter((fill) => fill.table.ref.name === table.ref.name),
  }));
}

function walkedBy(table: LogicalTable) {
  const key = keyOf(table);
  if (key.length > 0) return key;
  const detail = `Table "${table.name}" has no primary key and no unique key without NULLs: its rows cannot be walked`;
  throw new NoUsableKey(detail, {
    problems: [{ pointer: '/operations', detail }],
    evidence: { table: table.name },
    action:
      'Give it a key by a migration before this one: create_constraint of type primary_key, or unique over NOT NULL columns.',
  });
}

const bothNull = (columns: string[]) =>
  columns.map((column) => `${quoteIdentifier(column)} IS NULL`).join(' AND ');

function partsOf({ groups, fills }: Work): Part[] {
  const filled = groups.flatMap(({ group, ups }) => {
    if (ups.length === 0) return [];
    const columns = ups.map((flow) => ({
      column: flow.target,
      type: flow.type.sql,
      expression: flow.bound.row,
    }));
    return [{ columns, unwritten: bothNull(group.new.map(({ column }) => column)) }];
  });
  const once = fills.map((fill) => ({
    columns: [{ column: fill.target, type: fill.type.sql, expression: fill.expression }],
    unwritten: bothNull([fill.target]),
  }));
  return [...filled, ...once];
}

/**
 * One walk over each table that has columns to fill. Where a table has several groups, each is filled only in the
 * rows where it is unwritten itself. Throws NoUsableKey.
 */
export function backfills(groups: FlowGroup[], fills: Fill[]): Backfill[] {
  return byTable(groups, fills).flatMap((work) => {
    const parts = partsOf(work);
    if (parts.length === 0) return [];
    const set = parts.flatMap((part) =>
      part.columns.map(({ column, type, expression }) => ({
        column,
        type,
        expression:
          parts.length === 1
            ? expression
            : `CASE WHEN ${part.unwritten} THEN CAST((${expression}) AS ${type}) ELSE ${quoteIdentifier(column)} END`,
      })),
    );
    const unwritten =
      parts.length === 1
        ? (parts[0]?.unwritten ?? 'true')
        : parts.map((part) => `(${part.unwritten})`).join(' OR ');
    const { table } = work;
    return [
      {
        id: `backfill.${table.ref.name}`,
        table: table.ref,
        key: walkedBy(table),
        set,
        unwritten,
        estimatedRows: table.source?.estimatedRows ?? 0,
      },
    ];
  });
}

const all = (predicates: string[]) => predicates.map((each) => `(${each})`).join(' AND ');

/**
 * What the rows of each group must satisfy, and how a wrong one is put right from its old form. One walk a group, so
 * that repairing one group never touches what is right in another. Throws NoUsableKey.
 */
export function verifications(groups: FlowGroup[], fills: Fill[]): Verification[] {
  return byTable(groups, fills).flatMap(({ table, groups: own, fills: filled }) => {
    const filling = own.filter(({ ups }) => ups.length > 0);
    const presence = filled.map((fill) => `${quoteIdentifier(fill.target)} IS NOT NULL`);
    const checks = [
      ...filling.map((group) => ({
        beforePublish: all(group.ups.map(holds)),
        afterPublish: afterPublish(group),
        repair: group.ups
          .filter((flow) => !flow.volatile)
          .map((flow) => ({ column: flow.target, expression: flowValue(flow, ofRow(flow.table.ref)) })),
      })),
      ...(presence.length === 0 ? [] : [{ beforePublish: all(presence), afterPublish: 'true', repair: [] }]),
    ];
    return checks.map((check, index) => ({
      id: `verify.${table.ref.name}.${index + 1}`,
      table: table.ref,
      key: walkedBy(table),
      ...check,
      estimatedRows: table.source?.estimatedRows ?? 0,
    }));
  });
}

/** Either side may have been written last; without downs new clients write what no expression derives. */
function afterPublish({ ups, downs }: FlowGroup): string {
  return downs.length === 0 ? 'true' : `(${all(ups.map(holds))}) OR (${all(downs.map(holds))})`;
}
