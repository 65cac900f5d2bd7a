import { commandsOf, droppedNames, listedName, typeBase } from '../lint/alterations.ts';
import type { Statement } from '../lint/statements.ts';
import { child, items } from '../sql/tree.ts';
import { columnKey } from './context.ts';

/** The types that a statement renames, makes by renaming, or drops. */
function movedTypes(statement: Statement): string[] {
  const { kind, body } = statement;
  if (kind === 'RenameStmt' && body.renameType === 'OBJECT_TYPE') {
    const from = listedName(items(child(child(body, 'object'), 'List'), 'items'))?.name;
    return [...(from === undefined ? [] : [from]), String(body.newname)];
  }
  return droppedNames(statement, 'OBJECT_TYPE').map(({ name }) => name);
}

/**
 * Columns whose type is exchanged by SQL that also renames or drops types, as `table\0column`. Generators take a value
 * from an enum so: a second type, the column, then the name. A column of operations would hold the old type for the
 * whole undo window, and the DROP TYPE behind would fail: these columns stay SQL all through.
 */
export function exchangedColumns(statements: Statement[]): Set<string> {
  const types = new Set(statements.flatMap(movedTypes));
  return new Set(
    statements.flatMap(commandsOf).flatMap(({ table, subtype, name, definition }) => {
      const type = typeBase(child(child(definition, 'ColumnDef'), 'typeName')).replace('[]', '');
      const exchanged = subtype === 'AT_AlterColumnType' && name !== null && types.has(type);
      return exchanged ? [columnKey(table.name, name)] : [];
    }),
  );
}
