import { Misfit } from './misfit.ts';
import { EVERY } from './pointers.ts';

/** What becomes of a value: itself when nothing changes, undefined when it goes. What it is given is never changed. */
export type Edit = (value: unknown) => unknown;

export type Fields = Readonly<Record<string, unknown>>;

/** What becomes of an object. */
export type FieldsEdit = (fields: Fields) => Fields;

/** What a document calls a value, for messages. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  return { string: 'a text', number: 'a number', boolean: 'a boolean' }[typeof value as string] ?? 'nothing';
}

export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** An own field; undefined when there is none, whatever the name. */
export const fieldOf = (fields: Fields, name: string): unknown =>
  Object.hasOwn(fields, name) ? fields[name] : undefined;

/** The same with one field set. */
export const withField = (fields: Fields, name: string, value: unknown): Fields =>
  // A computed name makes an own property, __proto__ too.
  ({ ...fields, [name]: value });

/** The same without one field. */
export const withoutField = (fields: Fields, name: string): Fields =>
  rebuilt(fields, name, undefined, undefined);

/** The same with one field under another name, in its place. */
export const renamedField = (fields: Fields, name: string, to: string): Fields =>
  rebuilt(fields, name, to, fields[name]);

/** Copies all fields but `name`, in whose place stands `to`. Deleting from a copy would make every later access slow. */
function rebuilt(fields: Fields, name: string, to: string | undefined, value: unknown): Fields {
  const copy: Record<string, unknown> = {};
  const set = to === '__proto__' || Object.hasOwn(fields, '__proto__') ? define : assign;
  // Half the time of Object.keys; documents are parsed from JSON and inherit nothing that could be listed.
  for (const key in fields) {
    if (key !== name) set(copy, key, fields[key]);
    else if (to !== undefined) set(copy, to, value);
  }
  return copy;
}

const assign = (fields: Record<string, unknown>, name: string, value: unknown): void => {
  fields[name] = value;
};

/** Sets a field whatever it is called: to assign __proto__ would make none. */
export function define(fields: Record<string, unknown>, name: string, value: unknown): void {
  if (name === '__proto__')
    Object.defineProperty(fields, name, { value, enumerable: true, writable: true, configurable: true });
  else fields[name] = value;
}

/** Does `inner` to whatever stands at the steps; nothing where the way ends in something absent or null. */
export const at = (steps: readonly string[], inner: Edit): Edit =>
  steps.reduceRight<Edit>((next, step) => (step === EVERY ? every(next) : into(step, next)), inner);

/** Does `inner` to each object at the steps. */
export const objectsAt = (steps: readonly string[], inner: FieldsEdit): Edit =>
  at(steps, (value) => {
    if (value === undefined || value === null) return value;
    if (!isFields(value)) throw new Misfit(`expected an object, found ${kindOf(value)}`);
    return inner(value);
  });

function into(name: string, next: Edit): Edit {
  return (value) => {
    if (value === undefined || value === null) return value;
    if (!isFields(value)) throw new Misfit(`expected an object, found ${kindOf(value)}`);
    if (!Object.hasOwn(value, name)) return value;
    const before = value[name];
    let after: unknown;
    try {
      after = next(before);
    } catch (error) {
      throw error instanceof Misfit ? error.inside(name) : error;
    }
    if (after === before) return value;
    return after === undefined ? withoutField(value, name) : withField(value, name, after);
  };
}

function every(next: Edit): Edit {
  const inItem = (value: unknown, step: string | number) => {
    try {
      return next(value);
    } catch (error) {
      throw error instanceof Misfit ? error.inside(step) : error;
    }
  };
  return (value) => {
    if (value === undefined || value === null) return value;
    if (Array.isArray(value)) {
      let copy: unknown[] | undefined;
      for (let index = 0; index < value.length; index++) {
        const after = inItem(value[index], index);
        if (after === value[index]) continue;
        copy ??= value.slice();
        // A list has no place without an item.
        copy[index] = after === undefined ? null : after;
      }
      return copy ?? value;
    }
    if (!isFields(value)) throw new Misfit(`expected a list or a map, found ${kindOf(value)}`);
    let copy: Record<string, unknown> | undefined;
    for (const name of Object.keys(value)) {
      const after = inItem(value[name], name);
      if (after === value[name]) continue;
      copy ??= { ...value };
      if (after === undefined) delete copy[name];
      else define(copy, name, after);
    }
    return copy ?? value;
  };
}
