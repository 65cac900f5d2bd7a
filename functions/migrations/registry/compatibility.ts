import { type ObjectChange, subjectOf } from './diff.ts';
import type { ObjectOf, SchemaObject } from './shape.ts';

/** Whether a client written for the schema before the change goes on: always, depending on its data or statements, never. */
export type Effect = 'works' | 'may_fail' | 'fails';
export interface Verdict {
  reads: Effect;
  writes: Effect;
  reason: string;
}

const verdict = (reads: Effect, writes: Effect, reason: string): Verdict => ({ reads, writes, reason });
const safe = (reason: string) => verdict('works', 'works', reason);

const order: Effect[] = ['works', 'may_fail', 'fails'];
const worse = (a: Effect, b: Effect): Effect => (order.indexOf(a) < order.indexOf(b) ? b : a);
const together = (verdicts: Verdict[]): Verdict =>
  verdicts.reduce((all, one) => ({
    reads: worse(all.reads, one.reads),
    writes: worse(all.writes, one.writes),
    reason: `${all.reason}; ${one.reason}`,
  }));

/** The worst of several verdicts, for clients as a whole. */
export const worst = (verdicts: readonly Pick<Verdict, 'reads' | 'writes'>[]): Omit<Verdict, 'reason'> =>
  verdicts.reduce<Omit<Verdict, 'reason'>>(
    (all, one) => ({ reads: worse(all.reads, one.reads), writes: worse(all.writes, one.writes) }),
    { reads: 'works', writes: 'works' },
  );

const integers = ['smallint', 'integer', 'bigint'];
const texts = /^(?:character varying|text)(?:\((\d+)\))?$/;

/** Every value of `from` is one of `to`. */
function widens(from: string, to: string): boolean {
  if (integers.includes(from) && integers.includes(to)) return integers.indexOf(from) < integers.indexOf(to);
  const [old, next] = [texts.exec(from), texts.exec(to)];
  if (old && next)
    return next[1] === undefined || (old[1] !== undefined && Number(old[1]) <= Number(next[1]));
  const [, oldDigits, oldScale] = /^numeric\((\d+),(\d+)\)$/.exec(from) ?? [];
  if (oldDigits === undefined || oldScale === undefined) return false;
  if (to === 'numeric') return true;
  const [, digits, scale] = /^numeric\((\d+),(\d+)\)$/.exec(to) ?? [];
  return oldScale === scale && Number(digits) >= Number(oldDigits);
}

type Column = ObjectOf<'column'>;
const filledByItself = (column: Column): boolean =>
  !column.notNull || column.default !== null || column.identity !== null || column.generated !== null;

function ofColumn(before: Column | null, after: Column | null): Verdict {
  if (before === null && after !== null) {
    return filledByItself(after)
      ? safe('A column that clients need not know')
      : verdict('works', 'fails', 'Rows need a value in a column that old clients do not know');
  }
  if (before === null || after === null) return verdict('fails', 'fails', 'Old clients name this column');
  const found: Verdict[] = [];
  if (before.type !== after.type) {
    if (widens(before.type, after.type))
      found.push(verdict('may_fail', 'works', 'Old clients may read values that are too large for them'));
    else if (widens(after.type, before.type))
      found.push(verdict('works', 'may_fail', 'Values that were accepted are refused'));
    else found.push(verdict('fails', 'fails', `Old clients expect the type ${before.type}`));
  }
  if (!before.notNull && after.notNull)
    found.push(verdict('works', 'may_fail', 'NULL is refused where it was accepted'));
  if (before.notNull && !after.notNull)
    found.push(verdict('may_fail', 'works', 'Old clients may read NULL where there was none'));
  if (filledByItself(before) && !filledByItself(after) && before.notNull)
    found.push(verdict('works', 'may_fail', 'A client that leaves the column out is refused'));
  else if (before.default !== after.default)
    found.push(safe('New rows of clients that leave the column out have another value'));
  if (before.generated !== after.generated && after.generated !== null)
    found.push(verdict('works', 'may_fail', 'Clients may not write a generated column'));
  if (before.identity !== after.identity && after.identity === 'ALWAYS')
    found.push(verdict('works', 'may_fail', 'Clients may not write this column without OVERRIDING'));
  return found.length === 0 ? safe('Nothing that clients can tell') : together(found);
}

function ofConstraint(before: ObjectOf<'constraint'> | null, after: ObjectOf<'constraint'> | null): Verdict {
  if (after !== null) return verdict('works', 'may_fail', 'Rows that were accepted may be refused');
  if (before?.type === 'unique' || before?.type === 'primary_key' || before?.type === 'exclude')
    return verdict('may_fail', 'may_fail', 'Rows may repeat, and ON CONFLICT finds no constraint');
  return verdict('may_fail', 'works', 'Old clients may read rows that could not be before');
}

function ofEnum(before: ObjectOf<'enum'> | null, after: ObjectOf<'enum'> | null): Verdict {
  if (before === null) return safe('A type that old clients do not know');
  if (after === null) return verdict('fails', 'fails', 'The type is gone');
  if (before.values.some((value) => !after.values.includes(value)))
    return verdict('works', 'may_fail', 'A value that clients may write is gone');
  return verdict(
    'may_fail',
    'works',
    'Old clients may read a value that they do not know, or find another order',
  );
}

function ofTable(before: ObjectOf<'table'> | null, after: ObjectOf<'table'> | null): Verdict {
  if (before === null) return safe('A table that old clients do not know');
  if (after === null) return verdict('fails', 'fails', 'Old clients name this table');
  if (before.rowSecurity !== after.rowSecurity)
    return verdict('may_fail', 'may_fail', 'Clients see and write other rows than before');
  return verdict('works', 'may_fail', 'Rows may find no partition');
}

const both = <K extends SchemaObject['kind']>(
  { before, after }: ObjectChange,
  ...kinds: K[]
): [ObjectOf<K> | null, ObjectOf<K> | null] | undefined => {
  const is = (one: SchemaObject): one is ObjectOf<K> => kinds.some((kind) => kind === one.kind);
  if ((before !== null && !is(before)) || (after !== null && !is(after))) return undefined;
  return [before, after];
};

/** What a change means to a client that was written for the schema before it. */
export function verdictOf(change: ObjectChange): Verdict {
  const table = both(change, 'table');
  if (table) return ofTable(...table);
  const column = both(change, 'column');
  if (column) return ofColumn(...column);
  const constraint = both(change, 'constraint');
  if (constraint) return ofConstraint(...constraint);
  const values = both(change, 'enum');
  if (values) return ofEnum(...values);
  const { before, after } = change;
  switch (subjectOf(change).kind) {
    case 'kept_column':
      return safe('Clients of the newest version do not see it');
    case 'index': {
      const unique = [before, after].map((one) => one?.kind === 'index' && one.unique);
      if (unique[1]) return verdict('works', 'may_fail', 'Rows that repeat are refused');
      if (unique[0])
        return verdict('may_fail', 'may_fail', 'Rows may repeat, and ON CONFLICT finds no index');
      return safe('Only how fast rows are found');
    }
    case 'view':
      if (before === null) return safe('A view that old clients do not know');
      if (after === null) return verdict('fails', 'fails', 'Old clients name this view');
      return verdict('may_fail', 'may_fail', 'The view may show other columns or rows');
    case 'policy':
      return verdict('may_fail', 'may_fail', 'Clients may see and write other rows than before');
    case 'trigger':
      return verdict('works', 'may_fail', 'Something else happens when clients write');
    default:
      if (before === null) return safe('Old clients do not know it');
      if (after === null) return verdict('may_fail', 'fails', 'Old clients may name it');
      return verdict('may_fail', 'may_fail', 'It accepts or gives other values');
  }
}
