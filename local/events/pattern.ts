/** A JSON value as it stands in an event or a pattern. */
export type Json = string | number | boolean | null | Json[] | { [field: string]: Json };

type Test = (value: Json | undefined) => boolean;

const isObject = (value: Json | undefined): value is { [field: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function refuse(path: string, found: unknown, expected: string): never {
  throw new Error(
    `Event pattern at ${path || 'its root'}: found ${JSON.stringify(found)}, expected ${expected}.`,
  );
}

/**
 * Compiles an EventBridge event pattern. Known are exact values, prefix, suffix, equals-ignore-case, wildcard,
 * anything-but, numeric, exists, nesting and $or; anything else is refused.
 * @throws Error naming the place in the pattern.
 */
export function compilePattern(pattern: Json): (event: Json) => boolean {
  return object(pattern, '');
}

function object(pattern: Json, path: string): Test {
  if (!isObject(pattern) || Object.keys(pattern).length === 0)
    refuse(path, pattern, 'an object with at least one field');
  const tests = Object.entries(pattern).map(([field, inner]): Test => {
    const here = path ? `${path}.${field}` : field;
    if (field === '$or') {
      if (!Array.isArray(inner) || inner.length < 2) refuse(here, inner, 'a list of at least two patterns');
      const choices = inner.map((choice, at) => object(choice, `${here}[${at}]`));
      return (value) => choices.some((choice) => choice(value));
    }
    const test = Array.isArray(inner) ? leaf(inner, here) : overElements(object(inner, here));
    return (value) => test(isObject(value) && Object.hasOwn(value, field) ? value[field] : undefined);
  });
  return (value) => tests.every((test) => test(value));
}

/** An array in an event matches where one of its elements does. */
function overElements(test: Test): Test {
  return (value) => (Array.isArray(value) ? value.some((element) => test(element)) : test(value));
}

function leaf(choices: Json[], path: string): Test {
  if (choices.length === 0) refuse(path, choices, 'at least one value');
  const tests = choices.map((choice) => (isObject(choice) ? operator(choice, path) : exactly(choice, path)));
  return (value) => tests.some((test) => test(value));
}

function exactly(wanted: Json, path: string): Test {
  if (Array.isArray(wanted) || isObject(wanted)) refuse(path, wanted, 'a text, number, true, false or null');
  return overElements((value) => value === wanted);
}

const onText = (test: (text: string) => boolean): Test =>
  overElements((value) => typeof value === 'string' && test(value));

function operator(choice: { [name: string]: Json }, path: string): Test {
  const [[name, argument] = ['', null], ...more] = Object.entries(choice);
  if (more.length > 0) refuse(path, choice, 'one operator');
  if (name === 'exists') {
    if (typeof argument !== 'boolean') refuse(path, argument, 'true or false after exists');
    return (value) => (value !== undefined && !isObject(value)) === argument;
  }
  if (name === 'numeric') return numeric(argument, path);
  if (name === 'anything-but') return anythingBut(argument, path);
  const test = textTest(name, argument, path);
  return onText(test);
}

function textTest(name: string, argument: Json, path: string): (text: string) => boolean {
  if (!['prefix', 'suffix', 'equals-ignore-case', 'wildcard'].includes(name)) {
    refuse(path, name, 'prefix, suffix, equals-ignore-case, wildcard, anything-but, numeric or exists');
  }
  if (typeof argument !== 'string' || argument === '') refuse(path, argument, `a text after ${name}`);
  switch (name) {
    case 'prefix':
      return (text) => text.startsWith(argument);
    case 'suffix':
      return (text) => text.endsWith(argument);
    case 'equals-ignore-case':
      return (text) => text.toLowerCase() === argument.toLowerCase();
    default:
      return wildcard(argument);
  }
}

/** Pieces between the stars have to come one after the other; found greedily from the left, so in linear steps. */
function wildcard(argument: string): (text: string) => boolean {
  const pieces = argument.split('*');
  const first = pieces[0] ?? '';
  const last = pieces.at(-1) ?? '';
  return (text) => {
    if (pieces.length === 1) return text === argument;
    if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length)
      return false;
    let at = first.length;
    for (const piece of pieces.slice(1, -1)) {
      const found = text.indexOf(piece, at);
      if (found < 0 || found + piece.length > text.length - last.length) return false;
      at = found + piece.length;
    }
    return true;
  };
}

function anythingBut(argument: Json, path: string): Test {
  if (isObject(argument)) {
    const [[name, inner] = ['', null], ...more] = Object.entries(argument);
    if (more.length > 0) refuse(path, argument, 'one operator in anything-but');
    const tests = (Array.isArray(inner) ? inner : [inner]).map((one) => textTest(name, one, path));
    return onText((text) => !tests.some((test) => test(text)));
  }
  const excluded = Array.isArray(argument) ? argument : [argument];
  if (excluded.length === 0 || excluded.some((one) => typeof one === 'object'))
    refuse(path, argument, 'texts or numbers after anything-but');
  return overElements((value) => value !== undefined && !isObject(value) && !excluded.includes(value));
}

function numeric(argument: Json, path: string): Test {
  if (!Array.isArray(argument) || (argument.length !== 2 && argument.length !== 4)) {
    refuse(path, argument, 'one or two comparisons such as [">", 0, "<=", 5]');
  }
  const comparisons = Array.from({ length: argument.length / 2 }, (_, at) => {
    const [sign, limit] = [argument[2 * at], argument[2 * at + 1]];
    if (typeof limit !== 'number') refuse(path, limit, 'a number');
    switch (sign) {
      case '=':
        return (value: number) => value === limit;
      case '<':
        return (value: number) => value < limit;
      case '<=':
        return (value: number) => value <= limit;
      case '>':
        return (value: number) => value > limit;
      case '>=':
        return (value: number) => value >= limit;
      default:
        return refuse(path, sign, '=, <, <=, > or >=');
    }
  });
  return overElements((value) => typeof value === 'number' && comparisons.every((holds) => holds(value)));
}
