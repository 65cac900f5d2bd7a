import { child, items, stringOf, type Tree, walk } from '../../sql/tree.ts';
import { definedColumns } from '../alterations.ts';
import type { Rule } from '../rule.ts';
import { isNew, shown } from '../state.ts';

/** Built-in functions that give one value for the whole statement: PostgreSQL 11 stores it in the catalogue. */
const stable = new Set(
  (
    'now transaction_timestamp statement_timestamp current_setting lower upper md5 concat length abs round trunc ceil ' +
    'floor coalesce nullif to_char to_date to_timestamp date_trunc date_part make_date make_interval make_timestamp ' +
    'array_append jsonb_build_object jsonb_build_array json_build_object json_build_array to_jsonb to_json ' +
    'current_schema timezone encode decode left right lpad rpad replace substr substring btrim trim array_fill'
  ).split(' '),
);

/** Whether every row gets a value of its own. A function that is not known is taken for volatile. */
function perRow(expression: Tree): boolean {
  let volatile = false;
  walk(expression, (kind, body) => {
    if (kind === 'FuncCall') volatile ||= !stable.has(stringOf(items(body, 'funcname').at(-1)) ?? '');
    return undefined;
  });
  return volatile;
}

export const addingFieldWithDefault: Rule = {
  id: 'adding-field-with-default',
  severity: 'error',
  title: 'A new column whose default has the table written anew',
  lock: 'ACCESS EXCLUSIVE',
  work: 'rewrite',
  why: 'A default that differs from row to row, and before PostgreSQL 11 any default, is written into every row while nobody can read or write the table.',
  advice:
    'Add the column without a default; ALTER COLUMN … SET DEFAULT for rows to come; fill the others in small batches.',
  check(statement, state) {
    return definedColumns(statement)
      .filter(({ added, table }) => added && !isNew(state, table))
      .flatMap(({ table, column, node, constraints }) => {
        const given = constraints.find(({ contype }) => contype === 'CONSTR_DEFAULT');
        const value = child(given, 'raw_expr');
        if (value === undefined || child(value, 'A_Const')?.isnull === true) return [];
        if (state.version >= 11 && !perRow(value)) return [];
        const why =
          state.version < 11
            ? 'before PostgreSQL 11 every default is'
            : 'its default differs from row to row and is';
        return [
          { table, at: node, message: `"${column}": ${why} written into every row of "${shown(table)}".` },
        ];
      });
  },
};
