import { items, stringOf, type Tree, walk } from './tree.ts';

const aggregates = new Set(
  (
    'count sum avg min max array_agg string_agg json_agg jsonb_agg json_object_agg jsonb_object_agg xmlagg bool_and ' +
    'bool_or every bit_and bit_or bit_xor stddev stddev_pop stddev_samp variance var_pop var_samp mode percentile_cont ' +
    'percentile_disc corr any_value range_agg'
  ).split(' '),
);
const setReturning = new Set(
  (
    'generate_series unnest regexp_split_to_table regexp_matches string_to_table jsonb_array_elements ' +
    'jsonb_array_elements_text json_array_elements json_array_elements_text jsonb_each json_each'
  ).split(' '),
);

/** The last part of a called function's name, lower case. */
export function functionName(call: Tree): string {
  return stringOf(items(call, 'funcname').at(-1))?.toLowerCase() ?? '';
}

/** Why the expression is not a value of one row, or null when it is: writes, parameters, aggregates, windows, sets. */
export function forbiddenPart(node: Tree): string | null {
  let problem: string | null = null;
  walk(node, (kind, body) => {
    if (/^(Insert|Update|Delete|Merge)Stmt$/.test(kind)) problem = 'a sub-select may only read';
    if (kind === 'SelectStmt' && (body.intoClause ?? body.lockingClause) !== undefined) {
      problem = 'a sub-select may only read';
    }
    if (kind === 'ParamRef') problem = 'it holds a parameter';
    if (kind === 'SetToDefault') problem = 'DEFAULT is not a value here';
    return undefined;
  });
  walk(node, (kind, body) => {
    if (kind === 'SubLink') return false;
    if (kind === 'FuncCall') problem ??= forbiddenCall(body);
    return undefined;
  });
  return problem;
}

function forbiddenCall(call: Tree): string | null {
  const name = functionName(call);
  if (call.over !== undefined) return 'it holds a window function';
  const aggregate = call.agg_star === true || call.agg_distinct === true || call.agg_filter !== undefined;
  if (aggregate || aggregates.has(name)) return `it holds the aggregate ${name}`;
  return setReturning.has(name) ? `${name} returns more than one row` : null;
}
