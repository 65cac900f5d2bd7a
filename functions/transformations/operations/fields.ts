import {
  at,
  type Edit,
  type Fields,
  fieldOf,
  isFields,
  kindOf,
  objectsAt,
  renamedField,
  withField,
  withoutField,
} from '../edits.ts';
import { Misfit } from '../misfit.ts';
import { parentOf, stepsOf } from '../pointers.ts';
import type { OperationOf } from '../schemas.ts';

/** What an operation does to its part of a document, and how that is undone. */
export interface Ways {
  up: Edit;
  down: Edit;
}

export function rename({ at: pointer, to }: OperationOf<'rename'>): Ways {
  const { holder, name } = parentOf(pointer);
  const from = (one: string, other: string) =>
    objectsAt(holder, (fields) => {
      if (!Object.hasOwn(fields, one) || one === other) return fields;
      if (Object.hasOwn(fields, other)) throw new Misfit('is there already').inside(other);
      return renamedField(fields, one, other);
    });
  return { up: from(name, to), down: from(to, name) };
}

export function move({ from, to }: OperationOf<'move'>): Ways {
  const [one, other] = [stepsOf(from), stepsOf(to)];
  const shared = one.findIndex((step, index) => step !== other[index]);
  const holder = one.slice(0, shared);
  const between = (source: readonly string[], target: readonly string[]) =>
    objectsAt(holder, (fields) => {
      const taken = taking(fields, source, 0);
      return taken ? putting(taken.rest, target, 0, taken.value) : fields;
    });
  const [source, target] = [one.slice(shared), other.slice(shared)];
  return { up: between(source, target), down: between(target, source) };
}

/** The value at the steps from `depth` on, and the object without it and without objects that it leaves empty. */
function taking(
  fields: Fields,
  steps: readonly string[],
  depth: number,
): { value: unknown; rest: Fields } | undefined {
  const name = steps[depth] ?? '';
  const inner = fieldOf(fields, name);
  if (inner === undefined) return undefined;
  if (depth === steps.length - 1) return { value: inner, rest: withoutField(fields, name) };
  if (inner === null) return undefined;
  if (!isFields(inner)) throw new Misfit(`expected an object, found ${kindOf(inner)}`).inside(name);
  const taken = insideOf(name, () => taking(inner, steps, depth + 1));
  if (!taken) return undefined;
  const empty = Object.keys(taken.rest).length === 0;
  return {
    value: taken.value,
    rest: empty ? withoutField(fields, name) : withField(fields, name, taken.rest),
  };
}

function putting(fields: Fields, steps: readonly string[], depth: number, value: unknown): Fields {
  const name = steps[depth] ?? '';
  const inner = fieldOf(fields, name) ?? undefined;
  if (depth === steps.length - 1) {
    if (inner !== undefined) throw new Misfit('is there already').inside(name);
    return withField(fields, name, value);
  }
  if (inner !== undefined && !isFields(inner))
    throw new Misfit(`expected an object, found ${kindOf(inner)}`).inside(name);
  return withField(
    fields,
    name,
    insideOf(name, () => putting(inner ?? {}, steps, depth + 1, value)),
  );
}

function insideOf<T>(name: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof Misfit ? error.inside(name) : error;
  }
}

export function add({ at: pointer, value }: Pick<OperationOf<'add'>, 'at' | 'value'>): Ways {
  const { holder, name } = parentOf(pointer);
  return {
    up: objectsAt(holder, (fields) =>
      value === undefined || Object.hasOwn(fields, name) ? fields : withField(fields, name, value),
    ),
    down: objectsAt(holder, (fields) => (Object.hasOwn(fields, name) ? withoutField(fields, name) : fields)),
  };
}

export function remove(operation: OperationOf<'remove'>): Ways {
  const { up, down } = add(operation);
  return { up: down, down: up };
}

export function fill({ at: pointer, going, found, value }: OperationOf<'fill'>): Ways {
  const { holder, name } = parentOf(pointer);
  const filled = objectsAt(holder, (fields) => {
    const present = fieldOf(fields, name);
    if (present !== (found === 'null' ? null : undefined)) return fields;
    if (value !== undefined) return withField(fields, name, value);
    return found === 'null' ? withoutField(fields, name) : fields;
  });
  const same: Edit = (document) => document;
  return going === 'up' ? { up: filled, down: same } : { up: same, down: filled };
}

/** A text at `at` and the same in several fields beside it. */
export function split({ at: pointer, separator, into }: OperationOf<'split'>): Ways {
  const { holder, name } = parentOf(pointer);
  if (!into) {
    return {
      up: at([...holder, name], (text) => (text === null ? null : textOf(text).split(separator))),
      down: at([...holder, name], (list) => (list === null ? null : textsOf(list).join(separator))),
    };
  }
  return {
    up: objectsAt(holder, (fields) => divided(fields, name, into, separator)),
    down: objectsAt(holder, (fields) => joined(fields, name, into, separator)),
  };
}

export function join({ at: pointer, from, separator }: OperationOf<'join'>): Ways {
  const { holder, name } = parentOf(pointer);
  return {
    up: objectsAt(holder, (fields) => joined(fields, name, from, separator)),
    down: objectsAt(holder, (fields) => divided(fields, name, from, separator)),
  };
}

/** The last part has what is left. A null is the first part. */
function divided(fields: Fields, name: string, into: readonly string[], separator: string): Fields {
  const text = fieldOf(fields, name);
  if (text === undefined) return fields;
  const parts = text === null ? [null] : insideOf(name, () => textOf(text)).split(separator);
  if (parts.length > into.length)
    parts.splice(into.length - 1, parts.length, parts.slice(into.length - 1).join(separator));
  let after = withoutField(fields, name);
  for (const [index, part] of parts.entries()) {
    const target = into[index] ?? '';
    if (Object.hasOwn(after, target)) throw new Misfit('is there already').inside(target);
    after = withField(after, target, part);
  }
  return after;
}

/** The parts up to the first that is absent or null. */
function joined(fields: Fields, name: string, from: readonly string[], separator: string): Fields {
  const [first] = from.map((part) => fieldOf(fields, part));
  if (first === undefined) return fields;
  const texts: string[] = [];
  for (const part of from) {
    const text = fieldOf(fields, part);
    if (text === undefined || text === null) break;
    texts.push(insideOf(part, () => textOf(text)));
  }
  const rest = from.reduce(withoutField, fields);
  if (Object.hasOwn(rest, name)) throw new Misfit('is there already').inside(name);
  return withField(rest, name, first === null ? null : texts.join(separator));
}

function textOf(value: unknown): string {
  if (typeof value !== 'string') throw new Misfit(`expected a text, found ${kindOf(value)}`);
  return value;
}

function textsOf(value: unknown): string[] {
  if (!Array.isArray(value)) throw new Misfit(`expected a list of texts, found ${kindOf(value)}`);
  return value.map((one, index) => {
    if (typeof one !== 'string') throw new Misfit(`expected a text, found ${kindOf(one)}`).inside(index);
    return one;
  });
}
