import { UpRequired } from '../errors.ts';
import type { Operation, OperationOf } from '../file/schema.ts';
import { bind, parseExpression } from '../sql/expression.ts';
import { quoteIdentifier } from '../sql/identifiers.ts';
import { isWidening, parseType } from '../sql/type.ts';

// Several operations of one file on one column are one change of it: values go through one expression after the other,
// and no client ever sees what stands between. What cannot be said as one is left as it is, and refused where it stands.

type Add = OperationOf<'add_column'>;
type Alter = OperationOf<'alter_column'>;

/** An operation of the file, or word that an earlier one does its work. */
export type Composed = Operation | { kind: 'composed'; into: number; was: Operation };

/** The SQL of a value; `nested`: where columns of another FROM would come before a bare name. */
type Value = (nested: boolean) => string;

/** The operations with those that go on with a column of an earlier one composed into it. Throws UpRequired. */
export async function composeColumns(operations: Operation[]): Promise<Composed[]> {
  const all: Composed[] = [...operations];
  for (const [at, next] of operations.entries()) {
    if (next.kind !== 'alter_column') continue;
    const into = all.findLastIndex((earlier, place) => place < at && endsAs(earlier, next.body));
    const earlier = all[into];
    if (earlier === undefined || !apart(all.slice(into + 1, at), next.body)) continue;
    const pointer = `/operations/${at}/alter_column`;
    const one = await composed(earlier, next.body, pointer);
    if (one === null) continue;
    all[into] = one;
    all[at] = { kind: 'composed', into, was: next };
  }
  return all;
}

/** Whether an operation leaves the very column that `next` goes on with. */
function endsAs(earlier: Composed, next: Alter): boolean {
  if (earlier.kind === 'add_column') {
    return earlier.body.table === next.table && earlier.body.column.name === next.column;
  }
  if (earlier.kind !== 'alter_column') return false;
  return earlier.body.table === next.table && (earlier.body.name ?? earlier.body.column) === next.column;
}

/** Whether nothing between the two has to do with the column, or changes what expressions call a column. */
function apart(between: Composed[], { table, column }: Alter): boolean {
  return between.every((one) => {
    if (one.kind === 'composed') return true;
    if (['rename_column', 'rename_table', 'drop_table', 'sql'].includes(one.kind)) return false;
    const text = JSON.stringify(one.body);
    // Text in between is enough to leave it alone: a word that is the column's name, in a field or an expression.
    const words = text.split(/[^\p{L}\p{N}_$]+/u);
    return (
      !text.includes(JSON.stringify(table)) || (words.every((word) => word !== column) && !/\W/.test(column))
    );
  });
}

async function composed(earlier: Composed, next: Alter, pointer: string): Promise<Operation | null> {
  if (earlier.kind === 'add_column') {
    const body = await addedThenAltered(earlier.body, next, pointer);
    return body === null ? null : { kind: 'add_column', body };
  }
  if (earlier.kind !== 'alter_column') return null;
  const body = await alteredTwice(earlier.body, next, pointer);
  return body === null ? null : { kind: 'alter_column', body };
}

const cast = (sql: string, type: string | undefined): string =>
  type === undefined ? `(${sql})` : `CAST((${sql}) AS ${type})`;

/** An expression with its own column (by any of these names) replaced; other columns stay, safe below another FROM. */
async function replaced(
  text: string,
  pointer: string,
  table: string,
  own: string[],
  value: Value,
): Promise<Value> {
  const expression = await parseExpression(text, pointer);
  return (outer) =>
    bind(expression, [table], (name, nested) => {
      if (own.includes(name)) return value(nested || outer);
      return nested || outer ? `${quoteIdentifier(table)}.${quoteIdentifier(name)}` : quoteIdentifier(name);
    });
}

const column =
  (table: string, name: string): Value =>
  (nested) =>
    nested ? `${quoteIdentifier(table)}.${quoteIdentifier(name)}` : quoteIdentifier(name);

/** Throws UpRequired where values would have to become another type by themselves. */
async function requireUp(from: string | undefined, next: Alter, pointer: string): Promise<void> {
  if (next.type === undefined || next.up !== undefined || from === undefined) return;
  if (isWidening(await parseType(from), await parseType(next.type, `${pointer}/type`))) return;
  const detail = `alter_column of "${next.column}" needs up: how values of type ${from} become ${next.type}`;
  throw new UpRequired(detail, { problems: [{ pointer: `${pointer}/up`, detail }], action: 'Give up.' });
}

/** A constraint of the first is about values that nobody has when the second changes them. */
const changesValues = ({ type, up, name }: Alter) =>
  type !== undefined || up !== undefined || name !== undefined;

/** Old clients have nothing of the column, so `down` of the second says nothing to anybody. */
async function addedThenAltered(add: Add, next: Alter, pointer: string): Promise<Add | null> {
  const { column: given } = add;
  // FileColumn has no name for it.
  if (next.unique !== undefined) return null;
  if (given.check !== undefined && (next.check !== undefined || changesValues(next))) return null;
  if (given.references !== undefined && (next.references !== undefined || changesValues(next))) return null;
  await requireUp(given.type, next, pointer);
  const first = add.up ?? given.default;
  const fresh = await replaced(first ?? 'NULL', `${pointer}/up`, add.table, [], () => 'NULL');
  const value: Value = (nested) => cast(fresh(nested), given.type);
  const defaultGone = next.default !== undefined && given.default !== undefined && add.up === undefined;
  const up =
    next.up !== undefined
      ? (await replaced(next.up, `${pointer}/up`, add.table, [given.name], value))(false)
      : add.up !== undefined || defaultGone
        ? value(false)
        : undefined;
  const { default: _default, comment: _comment, ...rest } = given;
  const shown = next.default === undefined ? given.default : (next.default ?? undefined);
  const comment = next.comment === undefined ? given.comment : (next.comment ?? undefined);
  return {
    table: add.table,
    column: {
      ...rest,
      name: next.name ?? given.name,
      type: next.type ?? given.type,
      ...(next.nullable === undefined ? {} : { nullable: next.nullable }),
      ...(shown === undefined ? {} : { default: shown }),
      ...(comment === undefined ? {} : { comment }),
      ...(next.check === undefined ? {} : { check: next.check }),
      ...(next.references === undefined ? {} : { references: next.references }),
    },
    ...(up === undefined ? {} : { up }),
  };
}

async function alteredTwice(first: Alter, next: Alter, pointer: string): Promise<Alter | null> {
  for (const part of ['check', 'unique', 'references'] as const) {
    if (first[part] === undefined) continue;
    if (next[part] !== undefined) return null;
    if (part !== 'unique' && changesValues(next)) return null;
  }
  if (
    first.type === undefined &&
    next.type !== undefined &&
    next.up === undefined &&
    first.up !== undefined
  ) {
    return null;
  }
  await requireUp(first.type, next, pointer);
  const { table } = first;
  const own = [first.column, next.column];
  const last = next.name ?? next.column;
  const type = next.type ?? first.type;
  const up = await upOfBoth(first, next, own, pointer);
  const down = await downOfBoth(first, next, [...own, last], last, pointer);
  const { name: _first, ...before } = first;
  const { name: _next, ...after } = next;
  return {
    ...before,
    ...after,
    column: first.column,
    ...(last === first.column ? {} : { name: last }),
    ...(type === undefined ? {} : { type }),
    ...(up === undefined ? {} : { up }),
    ...(down === undefined ? {} : { down }),
    table,
  };
}

/** `next.up(first.up(old))`. */
async function upOfBoth(
  first: Alter,
  next: Alter,
  own: string[],
  pointer: string,
): Promise<string | undefined> {
  if (first.up === undefined && next.up === undefined) return undefined;
  const { table } = first;
  const old = column(table, first.column);
  const made = first.up === undefined ? old : await replaced(first.up, `${pointer}/up`, table, own, old);
  const value: Value = (nested) => cast(made(nested), first.type);
  if (next.up === undefined) return value(false);
  return (await replaced(next.up, `${pointer}/up`, table, own, value))(false);
}

/** `first.down(next.down(new))`. */
async function downOfBoth(
  first: Alter,
  next: Alter,
  own: string[],
  last: string,
  pointer: string,
): Promise<string | undefined> {
  if (first.down === undefined && next.down === undefined) return undefined;
  const { table } = first;
  const shown = column(table, last);
  const made =
    next.down === undefined ? shown : await replaced(next.down, `${pointer}/down`, table, own, shown);
  const value: Value = (nested) => cast(made(nested), first.type);
  if (first.down === undefined) return value(false);
  return (await replaced(first.down, `${pointer}/down`, table, own, value))(false);
}
