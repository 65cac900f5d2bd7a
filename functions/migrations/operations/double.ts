import type { OperationOf } from '../file/schema.ts';
import { type LogicalColumn, type LogicalTable, replaceColumn } from '../plan/logical.ts';
import type { Table } from '../plan/snapshot.ts';
import { bind, parseExpression } from '../sql/expression.ts';
import { hashedName, quoteIdentifier } from '../sql/identifiers.ts';
import { parseType, type TypeName } from '../sql/type.ts';
import type { OperationContext } from './operation.ts';
import { type Altered, isInjective } from './shadow.ts';

type Body = OperationOf<'alter_column'>;

/** A column as the operation finds it, and what becomes of it. */
interface Given {
  context: OperationContext;
  before: LogicalTable;
  source: Table;
  old: LogicalColumn;
  /** The change, as alter_column has it; other operations give table, column, up and down. */
  body: Body;
  /** Type in the new version; absent: the same. */
  to?: TypeName;
  pointer: (side: 'up' | 'down') => string;
  without?: string;
}

/**
 * Gives a column a second physical one beside it: `column` is what new clients see from now on. Without `up` or
 * `down` the value passes unchanged. Throws ExpressionInvalid.
 */
export async function doubleColumn({
  to: wanted,
  ...given
}: Given): Promise<{ altered: Altered; column: LogicalColumn }> {
  const { context, before, old, body, pointer } = given;
  const from = await parseType(old.type);
  const to = wanted ?? from;
  const physical = hashedName(context.migration, before.ref.name, body.column);
  const same = await parseExpression(quoteIdentifier(body.column));
  const up = body.up === undefined ? same : await parseExpression(body.up, pointer('up'));
  const down = body.down === undefined ? same : await parseExpression(body.down, pointer('down'));
  const altered: Altered = { ...given, physical, from, to, up, down };
  const converted = convertedDefault(altered);
  const column: LogicalColumn = {
    ...old,
    new: physical,
    type: to.sql,
    default: null,
    viewDefault: converted,
    finalDefault: converted,
    derived: true,
    joins: !isInjective(altered),
    changedBy: context.index,
  };
  return { altered, column };
}

/** The table with these columns in place of what they were. */
export const withColumns = (table: LogicalTable, columns: LogicalColumn[]): LogicalTable =>
  columns.reduce(replaceColumn, table);

/** The old default as the new version sees it: through `up`, when up reads nothing else. */
function convertedDefault({ old, up, before, from, to }: Altered): string | null {
  if (old.default === null) return null;
  const names = [before.name, before.source?.name ?? before.name];
  const own = `CAST((${old.default}) AS ${from.sql})`;
  const others: string[] = [];
  const through = bind(up, names, (name) => {
    if (name !== old.name) others.push(name);
    return own;
  });
  return `CAST((${others.length === 0 ? through : own}) AS ${to.sql})`;
}
