import { at, type Edit, fieldOf, isFields, kindOf } from '../edits.ts';
import { Misfit } from '../misfit.ts';
import { stepsOf } from '../pointers.ts';
import type { OperationOf } from '../schemas.ts';
import type { Ways } from './fields.ts';

export function map({ at: pointer, values, down = [] }: OperationOf<'map'>): Ways {
  const steps = stepsOf(pointer);
  const upwards = new Map<unknown, unknown>(values);
  const downwards = new Map<unknown, unknown>([
    ...values.map(([older, newer]) => [newer, older] as const),
    ...down,
  ]);
  const by = (table: ReadonlyMap<unknown, unknown>) =>
    at(steps, (value) => (table.has(value) ? table.get(value) : value));
  return { up: by(upwards), down: by(downwards) };
}

export function wrap({ at: pointer, as, property = '', with: others }: OperationOf<'wrap'>): Ways {
  const steps = stepsOf(pointer);
  return {
    up: at(steps, as === 'array' ? listed : kept(property, others ?? {})),
    down: at(steps, as === 'array' ? first : propertyOf(property)),
  };
}

export function unwrap({ from, ...operation }: OperationOf<'unwrap'>): Ways {
  const { up, down } = wrap({ ...operation, op: 'wrap', as: from });
  return { up: down, down: up };
}

// Null is nothing, inside of something or not: it stays as it is.
const listed: Edit = (value) => (value === null ? null : [value]);

const first: Edit = (value) => {
  if (value === null) return null;
  if (!Array.isArray(value)) throw new Misfit(`expected a list, found ${kindOf(value)}`);
  return value[0];
};

const kept =
  (property: string, others: Readonly<Record<string, unknown>>): Edit =>
  (value) =>
    value === null ? null : { ...others, [property]: value };

const propertyOf =
  (property: string): Edit =>
  (value) => {
    if (value === null) return null;
    if (!isFields(value)) throw new Misfit(`expected an object, found ${kindOf(value)}`);
    return fieldOf(value, property);
  };

export function convert({ at: pointer, from, to }: OperationOf<'convert'>): Ways {
  const steps = stepsOf(pointer);
  return { up: at(steps, converted(from, to)), down: at(steps, converted(to, from)) };
}

type Scalar = OperationOf<'convert'>['from'];

const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

const names: Record<Scalar, string> = { string: 'a text', number: 'a number', boolean: 'a boolean' };

function converted(from: Scalar, to: Scalar): Edit {
  const become = conversions[`${from}-${to}`];
  return (value) => {
    if (value === null) return null;
    if (typeof value !== from) throw new Misfit(`expected ${names[from]}, found ${kindOf(value)}`);
    const after = become?.(value);
    if (after === undefined) throw new Misfit(`${told(value)} cannot become ${names[to]}`);
    return after;
  };
}

/** By older and newer type; undefined where a value has no counterpart. */
const conversions: Record<string, Edit> = {
  'string-number': (text) => numberOf(String(text)),
  'number-string': String,
  'string-boolean': (text) => (text === 'true' ? true : text === 'false' ? false : undefined),
  'boolean-string': String,
  'number-boolean': (number) => (number === 1 ? true : number === 0 ? false : undefined),
  'boolean-number': Number,
};

/** Undefined for what is no number of JSON, or one that would come out as another. */
function numberOf(text: string): number | undefined {
  if (text.length > 400 || !NUMBER.test(text)) return undefined;
  const number = Number(text);
  const whole = !/[.eE]/.test(text);
  return Number.isFinite(number) && (!whole || Number.isSafeInteger(number)) ? number : undefined;
}

const told = (value: unknown) => JSON.stringify(value).slice(0, 60);
