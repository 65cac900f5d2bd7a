import { provablyNotNull } from '../sql/facts.ts';
import { quoteIdentifier } from '../sql/identifiers.ts';
import { sameValue } from '../sql/type.ts';
import { type Operand, ofNewRow, ofRow } from './binding.ts';
import type { LogicalTable } from './logical.ts';
import type { Flow } from './pieces.ts';
import type { DualWriteGroup } from './schemas.ts';

/** Flows of one table that hang together through their columns. */
export interface FlowGroup {
  table: LogicalTable;
  ups: Flow[];
  downs: Flow[];
  group: DualWriteGroup;
}

/** The value a flow gives, cast to the type of its column, over operands for the columns. */
export const flowValue = (flow: Flow, operand: Operand): string =>
  `CAST((${flow.bound.as(operand)}) AS ${flow.type.sql})`;

/**
 * True where the flow's column holds what the flow makes of the others; for a volatile one, where it holds anything, or
 * nothing is what the flow gives.
 */
export function holds(flow: Flow): string {
  const target = quoteIdentifier(flow.target);
  const value = flowValue(flow, ofRow(flow.table.ref));
  if (!flow.volatile) return sameValue(target, value, flow.type);
  const { expression, column } = flow.bound;
  const never = provablyNotNull(expression, (name) => column(name)?.notNull === true);
  return never ? `${target} IS NOT NULL` : `${target} IS NOT NULL OR ${value} IS NULL`;
}

/**
 * Groups of every table, in the order of the file: connected components over what flows read and write. An up whose
 * column no down reads stands alone, though others read the same columns: what new clients write there has no old
 * form, and a change of the old side must not take it from them.
 */
export function flowGroups(flows: Flow[], migration: string, version: string): FlowGroup[] {
  const components: Flow[][] = [];
  const follower = (flow: Flow) =>
    flow.direction === 'up' &&
    !flows.some(
      (down) =>
        down.direction === 'down' && sameTable(down, flow) && down.bound.sources.includes(flow.target),
    );
  for (const flow of flows) {
    const touching = components.filter((component) =>
      component.some((other) => connected(flow, other, follower)),
    );
    const joined = [...touching.flat(), flow];
    const rest = components.filter((component) => !touching.includes(component));
    components.splice(0, components.length, ...rest, joined);
  }
  const ordered = components.map((component) => flows.filter((flow) => component.includes(flow)));
  ordered.sort((a, b) => firstOf(flows, a) - firstOf(flows, b));
  return ordered.flatMap((component, position) => {
    const [first] = component;
    return first === undefined ? [] : [flowGroup(first.table, component, migration, version, position)];
  });
}

const firstOf = (flows: Flow[], component: Flow[]) => flows.findIndex((flow) => component.includes(flow));
const touches = (flow: Flow) => [flow.target, ...flow.bound.sources];

const sameTable = (a: Flow, b: Flow) => a.table.ref.name === b.table.ref.name;

function connected(a: Flow, b: Flow, follower: (flow: Flow) => boolean): boolean {
  if (follower(a) || follower(b) || !sameTable(a, b)) return false;
  return touches(a).some((column) => touches(b).includes(column));
}

function flowGroup(
  table: LogicalTable,
  flows: Flow[],
  migration: string,
  version: string,
  position: number,
): FlowGroup {
  const ups = flows.filter((flow) => flow.direction === 'up');
  const downs = flows.filter((flow) => flow.direction === 'down');
  const all = [...table.columns, ...table.dropped];
  const columns = [...new Set(flows.flatMap(touches))];
  const side = (physical: string): 'old' | 'new' | 'shared' => {
    const old = all.some((column) => column.old === physical);
    const fresh = all.some((column) => column.new === physical);
    return old && fresh ? 'shared' : old ? 'old' : 'new';
  };
  const only = (wanted: 'old' | 'new' | 'shared') => columns.filter((column) => side(column) === wanted);
  const fresh = only('new').flatMap((physical) => {
    const type =
      ups.find((flow) => flow.target === physical)?.type.sql ??
      all.find((column) => column.new === physical)?.type;
    return type === undefined ? [] : [{ column: physical, type }];
  });
  const write = (flow: Flow) => {
    const { pointer } = flow.bound.expression;
    const from = pointer === undefined ? {} : { pointer };
    return { column: flow.target, expression: flowValue(flow, ofNewRow), ...from };
  };
  const group: DualWriteGroup = {
    id: `${migration}:${table.ref.schema}.${table.ref.name}:${position + 1}`,
    migration,
    position,
    version,
    old: downs.length === 0 ? [...new Set(ups.flatMap((flow) => flow.bound.sources))] : only('old'),
    ...(downs.length === 0 ? {} : { shared: only('shared') }),
    new: fresh,
    ups: ups.map(write),
    downs: downs.map(write),
    guards: flows.flatMap((flow) => flow.guards),
  };
  return { table, ups, downs, group };
}
