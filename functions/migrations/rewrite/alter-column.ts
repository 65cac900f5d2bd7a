import type { OperationOf } from '../file/schema.ts';
import type { Command } from '../lint/alterations.ts';
import { quoteIdentifier } from '../sql/identifiers.ts';
import { child } from '../sql/tree.ts';
import { type Context, columnKey, push, standing } from './context.ts';
import { CannotRewrite, expressionText, typeText } from './sql-text.ts';

/** The change of one column by one clause. */
interface Change {
  change: Partial<OperationOf<'alter_column'>>;
  note?: string;
}

function changeOf(context: Context, table: string, column: string, { subtype, definition }: Command): Change {
  const own = quoteIdentifier(column);
  switch (subtype) {
    case 'AT_AlterColumnType': {
      const node = child(definition, 'ColumnDef');
      if (node?.collClause !== undefined) throw new CannotRewrite('alter_column has no COLLATE');
      const using = child(node, 'raw_default');
      const type = typeText(child(node, 'typeName'));
      const note = `review down: new values of "${column}" are cast back to the old type for old clients; give another expression where a cast fails or loses`;
      return { change: { type, up: using === undefined ? own : expressionText(using), down: own }, note };
    }
    case 'AT_SetNotNull': {
      const known = standing(context, table)?.columns.find(({ name }) => name === column)?.default;
      const up = known == null ? own : `coalesce(${own}, ${known})`;
      const note = `review up: rows with NULL in "${column}" are refused, as SET NOT NULL would; give a value for them to fill them instead`;
      return { change: { nullable: false, up, down: own }, ...(known == null ? { note } : {}) };
    }
    case 'AT_DropNotNull': {
      const note = `review down: until contract old clients need a value where new ones write NULL into "${column}"; without one, NULL is refused so long`;
      return { change: { nullable: true, up: own, down: own }, note };
    }
    case 'AT_ColumnDefault':
      return { change: { default: definition === undefined ? null : expressionText(definition) } };
    default:
      throw new CannotRewrite('operations have no such clause');
  }
}

/** ALTER COLUMN … of a column that stands, or that this file adds. Throws CannotRewrite. */
export function alterColumn(context: Context, table: string, command: Command, statement: number): void {
  const { name: column } = command;
  if (column === null) throw new CannotRewrite('it names no column');
  if (context.exchanged.has(columnKey(table, column)))
    throw new CannotRewrite('the type of the column is exchanged by SQL that renames or drops types');
  const { change, note } = changeOf(context, table, column, command);
  const key = columnKey(table, column);
  const defined =
    context.added.get(key)?.column ?? context.created.get(table)?.columns.find(({ name }) => name === column);
  if (defined !== undefined) {
    if (change.type !== undefined)
      throw new CannotRewrite(
        `"${column}" gets another type in the file that adds it: write that type at once`,
      );
    const added = context.added.get(key);
    if (change.nullable === false) delete defined.nullable;
    if (change.nullable === true) defined.nullable = true;
    if (typeof change.default === 'string') defined.default = change.default;
    if (change.default === null && defined.default !== undefined) {
      // ADD COLUMN … DEFAULT x, then DROP DEFAULT: x was for the rows that stand.
      if (added !== undefined) added.up ??= defined.default;
      delete defined.default;
    }
    return;
  }
  if (context.created.has(table))
    throw new CannotRewrite(`"${table}" has no column "${column}" in this file`);
  const before = context.altered.get(key);
  if (before === undefined) {
    const body: OperationOf<'alter_column'> = { table, column, ...change };
    context.altered.set(key, body);
    push(context, statement, { kind: 'alter_column', body }, ...(note === undefined ? [] : [note]));
    return;
  }
  // One operation a column: an expression that says more than the column itself stays.
  const plain = quoteIdentifier(column);
  const up = before.up === undefined || before.up === plain ? (change.up ?? before.up) : before.up;
  const down =
    before.down === undefined || before.down === plain ? (change.down ?? before.down) : before.down;
  Object.assign(before, change, up === undefined ? {} : { up }, down === undefined ? {} : { down });
  if (note !== undefined)
    context.entries.find(({ operation }) => operation.body === before)?.notes.push(note);
}
