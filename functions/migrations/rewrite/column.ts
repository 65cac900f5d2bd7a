import type { FileColumn, TableConstraint } from '../file/schema.ts';
import type { DefinedColumn } from '../lint/alterations.ts';
import { child, items, type Tree } from '../sql/tree.ts';
import { columnReference, tableConstraint } from './constraint.ts';
import { type Context, usualName } from './context.ts';
import { CannotRewrite, expressionText, statementText, typeText } from './sql-text.ts';

/** Parts of a column's definition that a file can say. */
const understood = new Set(['colname', 'typeName', 'is_local', 'constraints', 'location']);

/** A column as a file has it, and those of its constraints that are better said of the table. Throws CannotRewrite. */
export function fileColumn(
  context: Context,
  table: string,
  { column: name, node, constraints }: DefinedColumn,
): { column: FileColumn; constraints: TableConstraint[] } {
  const strange = Object.keys(node).find((key) => !understood.has(key));
  if (strange !== undefined)
    throw new CannotRewrite(`operations cannot say what "${name}" has beside its type`);
  const column: FileColumn = { name, type: typeText(child(node, 'typeName')) };
  const others: TableConstraint[] = [];
  let notNull = /^(small|big)?serial/.test(column.type);
  for (const body of constraints) {
    const given = typeof body.conname === 'string' && body.conname !== '' ? body.conname : null;
    const twice = (present: unknown) => {
      if (present !== undefined) throw new CannotRewrite(`"${name}" has two constraints of one kind`);
    };
    switch (body.contype) {
      case 'CONSTR_NULL':
        break;
      case 'CONSTR_NOTNULL':
        notNull = true;
        break;
      case 'CONSTR_DEFAULT': {
        const value = child(body, 'raw_expr');
        if (value !== undefined) column.default = expressionText(value);
        break;
      }
      case 'CONSTR_PRIMARY':
        notNull = true;
        if (given === null) column.pk = true;
        else others.push({ name: given, type: 'primary_key', columns: [name] });
        break;
      case 'CONSTR_UNIQUE':
        if (given === null && body.nulls_not_distinct !== true) column.unique = true;
        else {
          const keys = [{ String: { sval: name } }];
          others.push(tableConstraint(context, table, { ...body, keys }));
        }
        break;
      case 'CONSTR_CHECK': {
        twice(column.check);
        const check = tableConstraint(context, table, {
          ...body,
          conname: given ?? usualName(table, [name], 'check'),
        });
        column.check = {
          name: check.name,
          constraint: check.check ?? '',
          ...(check.no_inherit === undefined ? {} : { no_inherit: check.no_inherit }),
        };
        break;
      }
      case 'CONSTR_FOREIGN':
        twice(column.references);
        column.references = columnReference(context, table, name, body);
        break;
      case 'CONSTR_IDENTITY':
        notNull = true;
        column.generated = { identity: identityOf(body) };
        break;
      case 'CONSTR_GENERATED': {
        const expression = child(body, 'raw_expr');
        if (expression === undefined || body.generated_kind === 'v')
          throw new CannotRewrite('operations have no VIRTUAL generated columns');
        column.generated = { expression: expressionText(expression) };
        break;
      }
      default:
        throw new CannotRewrite(`operations cannot say a constraint of "${name}"`);
    }
  }
  if (!notNull) column.nullable = true;
  return { column, constraints: others };
}

function identityOf(body: Tree) {
  const values = body.generated_when === 'a' ? 'ALWAYS' : 'BY DEFAULT';
  if (items(body, 'options').length === 0) return { user_specified_values: values };
  const alter = {
    relation: { relname: 't', inh: true, relpersistence: 'p' },
    cmds: [
      {
        AlterTableCmd: {
          subtype: 'AT_AddIdentity',
          name: 'c',
          def: { Constraint: body },
          behavior: 'DROP_RESTRICT',
        },
      },
    ],
    objtype: 'OBJECT_TABLE',
  };
  const options = /AS IDENTITY\s*\((?<options>.*)\)$/s.exec(statementText('AlterTableStmt', alter))?.groups
    ?.options;
  if (options === undefined)
    throw new CannotRewrite('the options of its identity cannot be printed with certainty');
  return { user_specified_values: values, sequence_options: options };
}
