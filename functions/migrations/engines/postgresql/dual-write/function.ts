import type { DualWriteGroup } from '../../../plan/schemas.ts';
import { quoteIdentifier, quoteLiteral } from '../../../sql/identifiers.ts';
import { type ColumnFacts, differs } from './differs.ts';

/** A group whose two sides are kept in step now, and what it was built on. */
export interface LiveGroup extends DualWriteGroup {
  columns: Record<string, ColumnFacts>;
}

/** The columns whose change a group must see. */
export function watchedColumns(group: DualWriteGroup): string[] {
  return [
    ...new Set([
      ...group.old,
      ...(group.shared ?? []),
      ...group.new.map(({ column }) => column),
      ...group.ups.map(({ column }) => column),
      ...group.downs.map(({ column }) => column),
      ...group.guards.flatMap(({ column }) => (column === null ? [] : [column])),
    ]),
  ];
}

/** Whether an update must know its client's version: a column of both sides may be written by either. */
export function needsClientOnUpdate(group: DualWriteGroup): boolean {
  return group.ups.length > 0 && group.downs.length > 0 && (group.shared ?? []).length > 0;
}

const names = (columns: { column: string }[]) => columns.map(({ column }) => column);
const changed = (group: LiveGroup, columns: string[]) => differs(columns, group.columns, 'NEW', 'OLD');

/**
 * The body of the table's one trigger function. Groups come oldest first. The first pass carries what an older
 * client wrote up to newer versions, the second what a newer client wrote down to older ones, so that a write in the
 * middle travels both ways.
 */
export function functionBody(
  table: { schema: string; name: string; partitioned: boolean },
  groups: LiveGroup[],
): string {
  const newestFirst = groups.toReversed();
  const flags = groups.map((_, at) => `  _theseus_up_${at} boolean := false;`);
  const follows = groups.some((group) => [...group.ups, ...group.downs].length > 0)
    ? Array.from(
        { length: Math.max(...groups.map((group) => Math.max(group.ups.length, group.downs.length))) },
        (_, at) => `  _theseus_follows_${at} boolean;`,
      )
    : [];
  const indexOf = (group: LiveGroup) => groups.indexOf(group);
  return `#variable_conflict use_column
DECLARE
  _theseus_level integer := TG_ARGV[0];
  _theseus_now record;
${[...flags, ...follows].join('\n')}
BEGIN
IF TG_OP = 'INSERT' THEN
  _theseus_level := CASE
${levels(groups)}
    ELSE 0 END;
${groups.map((group) => `  IF _theseus_level < ${group.position} THEN ${assign(group, group.ups)} END IF;`).join('\n')}
${newestFirst
  .map(
    (group) =>
      `  IF _theseus_level >= ${group.position} THEN ${assignUnlessMoved(table, group)} ${guards(table, group)} END IF;`,
  )
  .join('\n')}
ELSE
${groups.map((group) => carryUp(group, `_theseus_up_${indexOf(group)}`)).join('\n')}
${newestFirst.map((group) => carryDown(table, group, `_theseus_up_${indexOf(group)}`)).join('\n')}
END IF;
RETURN NEW;
END`;
}

/**
 * Which version's client inserts. Only clients of a version fill its new columns, which have no default; the rest is
 * told by the version first in the client's path, unless an old column is filled that this version does not show.
 */
function levels(groups: LiveGroup[]): string {
  const positions = [...new Set(groups.map(({ position }) => position))].toSorted((a, b) => b - a);
  return positions
    .map((position) => {
      const here = groups.filter((group) => group.position === position);
      const derivedEarlier = new Set(
        groups.filter((g) => g.position < position).flatMap((g) => names(g.ups)),
      );
      const newer = here.flatMap((group) => [
        ...names(group.new).map((column) => `NEW.${quoteIdentifier(column)} IS NOT NULL`),
        ...names(group.downs)
          .filter((column) => mustBeGiven(group, column) && !derivedEarlier.has(column))
          .map((column) => `NEW.${quoteIdentifier(column)} IS NULL`),
      ]);
      const older = here.flatMap((group) =>
        names(group.downs)
          .filter((column) => group.columns[column]?.hasDefault === false)
          .map((column) => `NEW.${quoteIdentifier(column)} IS NOT NULL`),
      );
      const byPath = [
        `_theseus_level >= ${position}`,
        ...(older.length > 0 ? [`NOT (${older.join(' OR ')})`] : []),
      ];
      return `    WHEN ${[...newer, `(${byPath.join(' AND ')})`].join(' OR ')} THEN ${position}`;
    })
    .join('\n');
}

/** An old client cannot leave it out: whoever does writes the new side. */
function mustBeGiven(group: LiveGroup, column: string): boolean {
  const facts = group.columns[column];
  return facts?.notNull === true && !facts.hasDefault;
}

function value(group: LiveGroup, target: { column: string; expression: string }): string {
  return `CAST((${target.expression}) AS ${group.columns[target.column]?.type})`;
}

function assign(group: LiveGroup, targets: { column: string; expression: string }[]): string {
  return (
    targets.map((target) => `NEW.${quoteIdentifier(target.column)} := ${value(group, target)};`).join(' ') ||
    'NULL;'
  );
}

/**
 * A row that an update moves to another partition comes as an INSERT with both sides in step: where the new side
 * follows from the old one, the old one stays as it is.
 */
function assignUnlessMoved(table: { partitioned: boolean }, group: LiveGroup): string {
  const downs = assign(group, group.downs);
  if (table.partitioned !== true || group.ups.length === 0 || group.downs.length === 0) return downs;
  const follows = group.ups.map(
    (target) =>
      `pg_catalog.record_image_eq(ROW(NEW.${quoteIdentifier(target.column)}), ROW(${value(group, target)}))`,
  );
  return `IF NOT (${follows.join(' AND ')}) THEN ${downs} END IF;`;
}

/** Columns only older clients write, columns only newer ones write, and those that tell nothing. */
function sides(group: LiveGroup): { old: string[]; new: string[]; either: string[] } {
  const shared = group.shared ?? [];
  const newer = names(group.new);
  if (group.ups.length === 0) {
    return { old: [], new: [], either: [...new Set([...shared, ...newer])] };
  }
  if (group.downs.length === 0)
    return { old: [], new: newer, either: [...new Set([...shared, ...group.old])] };
  return { old: group.old, new: newer, either: shared };
}

function carryUp(group: LiveGroup, flag: string): string {
  if (group.ups.length === 0) return '';
  const side = sides(group);
  const follow =
    side.either.length === 0
      ? ''
      : `ELSIF ${changed(group, side.either)} AND NOT ${changed(group, side.new)} AND NOT ${changed(group, side.old)}${
          needsClientOnUpdate(group) ? ` AND _theseus_level < ${group.position}` : ''
        } THEN
    ${followUnlessKept(group, group.ups)} ${flag} := true;
  `;
  return `  IF ${changed(group, side.old)} AND NOT ${changed(group, side.new)} THEN
    ${assign(group, group.ups)} ${flag} := true;
  ${follow}END IF;`;
}

function carryDown(table: { schema: string; name: string }, group: LiveGroup, flag: string): string {
  const side = sides(group);
  const follow =
    side.either.length === 0 || group.downs.length === 0
      ? ''
      : `ELSIF NOT ${flag} AND ${changed(group, side.either)} AND NOT ${changed(group, side.new)} AND NOT ${changed(group, group.ups.length === 0 ? group.old : side.old)}${needsClientOnUpdate(group) ? ` AND _theseus_level >= ${group.position}` : ''} THEN
    ${followUnlessKept(group, group.downs)}
  `;
  return `  IF NOT ${flag} AND ${changed(group, side.new)} THEN
    IF NOT ${changed(group, side.old)} THEN ${assign(group, group.downs)} END IF;
    ${guards(table, group)}
  ${follow}END IF;`;
}

/** A derived value follows its sources only while nobody has written another one over it. */
function followUnlessKept(group: LiveGroup, targets: { column: string; expression: string }[]): string {
  const before = targets.map(
    (target, at) =>
      `_theseus_follows_${at} := pg_catalog.record_image_eq(ROW(NEW.${quoteIdentifier(target.column)}), ROW(${value(group, target)}));`,
  );
  const after = targets.map(
    (target, at) =>
      `IF _theseus_follows_${at} THEN NEW.${quoteIdentifier(target.column)} := ${value(group, target)}; END IF;`,
  );
  // Expressions read NEW: for the former value, the old row stands in its place for a moment.
  return `_theseus_now := NEW; NEW := OLD; ${before.join(' ')} NEW := _theseus_now; ${after.join(' ')}`;
}

/** What the new version demands of its clients before the table itself does. */
function guards(table: { schema: string; name: string }, group: LiveGroup): string {
  return group.guards
    .map((guard) => {
      const said =
        guard.code === '23502'
          ? `null value in column "${guard.column}" of relation "${table.name}" violates not-null constraint`
          : `new row for relation "${table.name}" violates check constraint "${guard.constraint}"`;
      const facts: [string, string | null][] = [
        ['ERRCODE', guard.code],
        ['MESSAGE', said],
        ['SCHEMA', table.schema],
        ['TABLE', table.name],
        ['COLUMN', guard.column],
        ['CONSTRAINT', guard.code === '23502' ? null : guard.constraint],
      ];
      const using = facts.flatMap(([name, fact]) =>
        fact === null ? [] : [`${name} = ${quoteLiteral(fact)}`],
      );
      return `IF NOT (${guard.expression}) THEN RAISE EXCEPTION USING ${using.join(', ')}; END IF;`;
    })
    .join(' ');
}
