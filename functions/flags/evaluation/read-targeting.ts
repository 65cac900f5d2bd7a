import type { Expression, ListOperator, PlainOperator, SpreadOperator } from './expression.ts';
import { isObject, type JsonValue, quoted, shown } from './json.ts';
import { LIMITS } from './limits.ts';
import { stepsOf } from './paths.ts';
import { readFractional } from './read-fractional.ts';
import { NOTHING, type Reading, type Spot, stepTo, wrong, wrongTogether } from './reading.ts';

/** How many arguments an operator takes. */
interface Form {
  least: number;
  most: number;
}

const form = (least: number, most: number): Form => ({ least, most });
const forms = (names: readonly string[], least: number, most: number) =>
  names.map((name): [string, Form] => [name, form(least, most)]);
const ANY = Number.POSITIVE_INFINITY;

/** One argument of these that is no list may stand alone. */
const SPREAD: readonly SpreadOperator[] = ['+', '-', 'min', 'max', 'cat', 'merge'];
const PLAIN = new Map<string, Form>([
  ...forms(['==', '===', '!=', '!==', '/', '%', 'in', 'starts_with', 'ends_with'], 2, 2),
  ...forms(['<', '<=', '>', '>=', 'substr'], 2, 3),
  ...forms([...SPREAD, '*'], 1, ANY),
  ...forms(['!', '!!'], 1, 1),
  ...forms(['sem_ver'], 3, 3),
]);
const EACH: ReadonlySet<string> = new Set<ListOperator>(['map', 'filter', 'all', 'some', 'none']);
const SEM_VER_OPERATORS = ['=', '!=', '<', '<=', '>', '>=', '^', '~'];
const TOO_MUCH = `at most ${LIMITS.targetingNodes} parts in a targeting and ${LIMITS.documentTargetingNodes} in all, shared rules counted wherever they stand`;
const OPERATORS = [
  'var',
  'missing',
  'missing_some',
  'if',
  '?:',
  'and',
  'or',
  ...PLAIN.keys(),
  ...EACH,
  'reduce',
  'fractional',
]; // prettier-ignore

const isPlain = (name: string): name is PlainOperator => PLAIN.has(name);
const isSpread = (name: string): name is SpreadOperator => SPREAD.some((one) => one === name);
const isEach = (name: string): name is ListOperator => EACH.has(name);

/** Reads one expression of a targeting, and all below it. */
export function readExpression(json: JsonValue, reading: Reading, spot: Spot): Expression {
  const { budget } = reading;
  if (budget.targeting <= 0 || budget.document <= 0) {
    reading.failed = true;
    return NOTHING;
  }
  budget.targeting--;
  budget.document--;
  if (budget.targeting === 0 || budget.document === 0) return wrongTogether(reading, spot, TOO_MUCH, 'more');
  if (spot.depth > LIMITS.targetingDepth) {
    return wrongTogether(
      reading,
      spot,
      `at most ${LIMITS.targetingDepth} operators inside each other`,
      'more',
    );
  }
  if (Array.isArray(json)) {
    const items = json.map((item: JsonValue, index) =>
      readExpression(item, reading, { ...stepTo(spot, index), depth: spot.depth + 1 }),
    );
    return { kind: 'list', items };
  }
  if (!isObject(json)) return { kind: 'literal', value: json, place: spot.place };
  return readOperation(json, reading, spot);
}

function readOperation(json: Readonly<Record<string, JsonValue>>, reading: Reading, spot: Spot): Expression {
  const [name, ...more] = Object.keys(json);
  const given = name === undefined ? undefined : json[name];
  if (name === undefined || given === undefined || more.length > 0) {
    return wrong(reading, spot, 'an object with one operator', shown(json));
  }
  if (name === '$ref') return readReference(given, reading, stepTo(spot, name));
  const at = { ...stepTo(spot, name), depth: spot.depth + 1 };
  if (name === 'var') return readVar(given, reading, at);
  if (name === 'fractional') return readFractional(given, reading, at, readExpression);
  if (name === 'missing') {
    return { kind: 'missing', names: readExpression(given, reading, at), isContext: spot.inContext };
  }
  const { least, most } = formOf(name);
  if (most === 0) return wrong(reading, spot, `one of the operators ${OPERATORS.join(', ')}`, quoted(name));
  if (!Array.isArray(given)) {
    if (isSpread(name))
      return { kind: 'spread', operator: name, argument: readExpression(given, reading, at) };
    if (most !== 1) return wrong(reading, at, `a list of ${count(least, most)}`, shown(given));
  }
  const parts: readonly JsonValue[] = Array.isArray(given) ? given : [given];
  if (parts.length < least || parts.length > most) {
    return wrong(reading, at, `a list of ${count(least, most)}`, shown(given));
  }
  return readArguments(name, parts, reading, at);
}

function formOf(name: string): Form {
  const plain = PLAIN.get(name);
  if (plain) return plain;
  if (name === 'if' || name === '?:' || name === 'and' || name === 'or') return form(1, ANY);
  if (isEach(name) || name === 'missing_some') return form(2, 2);
  return name === 'reduce' ? form(3, 3) : form(0, 0);
}

function count(least: number, most: number): string {
  if (most === ANY) return `at least ${least}`;
  return least === most ? `${least}` : `${least} or ${most}`;
}

function readArguments(name: string, parts: readonly JsonValue[], reading: Reading, at: Spot): Expression {
  const read = (index: number, inContext = at.inContext) =>
    readExpression(parts[index] ?? null, reading, { ...stepTo(at, index), inContext });
  if ((isEach(name) || name === 'reduce') && parts[0] !== null && typeof parts[0] !== 'object') {
    return wrong(reading, stepTo(at, 0), 'a list, or what gives one', shown(parts[0]));
  }
  if (isEach(name)) return { kind: 'each', operator: name, list: read(0), body: read(1, false) };
  if (name === 'reduce') return { kind: 'reduce', list: read(0), body: read(1, false), initial: read(2) };
  if (name === 'missing_some') {
    return { kind: 'missing_some', needed: read(0), names: read(1), isContext: at.inContext };
  }
  if (name === 'sem_ver' && !SEM_VER_OPERATORS.some((operator) => operator === parts[1])) {
    return wrong(reading, stepTo(at, 1), `one of ${SEM_VER_OPERATORS.join(' ')}`, shown(parts[1]));
  }
  const all = parts.map((_, index) => read(index));
  if (isPlain(name)) return { kind: 'call', operator: name, arguments: all };
  return { kind: 'lazy', operator: name === 'and' || name === 'or' ? name : 'if', arguments: all };
}

function readReference(name: JsonValue, reading: Reading, spot: Spot): Expression {
  const rule = typeof name === 'string' ? reading.rules.get(name) : undefined;
  if (typeof name !== 'string' || rule === undefined) {
    return wrong(reading, spot, 'the name of a rule of $evaluators', shown(name));
  }
  if (reading.inside.includes(name)) {
    const loop = [...reading.inside, name].join(' → ');
    return wrongTogether(reading, spot, 'a rule that does not contain itself', loop);
  }
  const inner: Reading = { ...reading, inside: [...reading.inside, name], problems: undefined };
  const read = readExpression(rule, inner, spot);
  if (!inner.failed) return read;
  reading.failed = true;
  const { inRule } = reading.budget;
  if (inRule && reading.problems) {
    reading.budget.inRule = undefined;
    return wrong(reading, spot, inRule.expected, inRule.found);
  }
  return NOTHING;
}

function readVar(given: JsonValue, reading: Reading, at: Spot): Expression {
  const parts: readonly JsonValue[] = Array.isArray(given) ? given : [given];
  const [name, fallback = null] = parts;
  if (parts.length > 2 || (typeof name !== 'string' && typeof name !== 'number')) {
    return wrong(reading, at, 'the name of an attribute, or a list of it and a default', shown(given));
  }
  if (typeof fallback === 'object' && fallback !== null) {
    return wrong(
      reading,
      stepTo(at, 1),
      'a string, a number, true, false or null as default',
      shown(fallback),
    );
  }
  const path = String(name);
  if (path.startsWith('../')) return wrong(reading, at, 'a name without ../', quoted(path));
  if (path === '') return { kind: 'data', isContext: at.inContext };
  if (at.inContext && /^\$flagd(\.|$)/.test(path)) {
    if (path === '$flagd.flagKey') return { kind: 'literal', value: reading.flag, place: undefined };
    if (path === '$flagd.timestamp') return { kind: 'timestamp' };
    return wrong(reading, at, '$flagd.flagKey or $flagd.timestamp', quoted(path));
  }
  return { kind: 'read', path: stepsOf(path), fallback };
}
