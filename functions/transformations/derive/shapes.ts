import { canonical, isObject } from '#compatibility/json-schema/document.ts';
import { resolve } from '#compatibility/json-schema/references.ts';

/** A schema as it was written, and the document in which its references lead. */
export interface Written {
  schema: unknown;
  document: unknown;
}

/** What is to be known of a schema to say how one became another. */
export interface Shape {
  /** Without null. */
  types: readonly string[];
  nullable: boolean;
  properties: ReadonlyMap<string, Written>;
  required: ReadonlySet<string>;
  items: Written | undefined;
  /** Of a map: what its values are. */
  values: Written | undefined;
  /** Without null. */
  enum: readonly unknown[] | undefined;
  default: unknown;
  /** `x-renamed-from`. */
  formerName: string | undefined;
  /** Forms of which one is meant: they are compared as a whole. */
  forms: boolean;
  limits: Readonly<Record<string, unknown>>;
  /** Equal where the same documents are meant, null aside. */
  text: string;
}

const LIMITS = [
  ...['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf', 'minLength', 'maxLength'],
  ...['pattern', 'format', 'minItems', 'maxItems', 'uniqueItems', 'minProperties', 'maxProperties'],
];
const SAID = [...LIMITS, 'type', 'enum', 'const', 'not', 'additionalProperties', 'patternProperties'];
/** References and parts of allOf that are followed for one schema, and how deep a text goes. */
const MOST = 64;
const DEEP = 6;

const known = new WeakMap<object, Shape>();

/** Reads a schema; what it refers to and all of allOf count as its own. */
export function shapeOf(written: Written): Shape {
  const { schema } = written;
  if (!isObject(schema)) return made(written);
  const shape = known.get(schema) ?? made(written);
  known.set(schema, shape);
  return shape;
}

function made(written: Written): Shape {
  const parts = partsOf(written);
  const list = (key: string) => parts.flatMap((part) => (Array.isArray(part[key]) ? [part[key]] : []));
  const last = (key: string) => parts.map((part) => part[key]).findLast((one) => one !== undefined);
  const inside = (schema: unknown): Written | undefined =>
    isObject(schema) ? { schema, document: written.document } : undefined;
  const types = new Set(parts.flatMap(({ type }) => [type].flat()).filter((one) => typeof one === 'string'));
  const constant = last('const');
  const values = constant === undefined ? list('enum')[0] : [constant];
  const properties = new Map<string, Written>();
  for (const part of parts) {
    if (!isObject(part.properties)) continue;
    for (const [name, schema] of Object.entries(part.properties))
      properties.set(name, { schema, document: written.document });
  }
  const former = last('x-renamed-from');
  return {
    types: [...types].filter((type) => type !== 'null'),
    nullable:
      types.has('null') || parts.some(({ nullable }) => nullable === true) || values?.includes(null) === true,
    properties,
    required: new Set(
      list('required')
        .flat()
        .filter((name) => typeof name === 'string'),
    ),
    items: inside(last('items')),
    values: properties.size === 0 ? inside(last('additionalProperties')) : undefined,
    enum: values?.filter((value) => value !== null),
    default: last('default') ?? constant,
    formerName: typeof former === 'string' ? former : undefined,
    forms: parts.some(({ anyOf, oneOf }) => anyOf !== undefined || oneOf !== undefined),
    limits: Object.fromEntries(LIMITS.flatMap((key) => (last(key) === undefined ? [] : [[key, last(key)]]))),
    text: textOf(written, 0),
  };
}

/** The schema itself, what its references lead to, what it is all of, and the other of two forms where one is null. */
function partsOf(written: Written): Record<string, unknown>[] {
  const parts: Record<string, unknown>[] = [];
  const left: unknown[] = [written.schema];
  const seen = new Set<unknown>();
  for (let schema = left.shift(); schema !== undefined && seen.size < MOST; schema = left.shift()) {
    if (!isObject(schema) || seen.has(schema)) continue;
    seen.add(schema);
    const { allOf, $ref, ...own } = schema;
    const only = nullableForm(own);
    if (only) {
      const { anyOf: _, oneOf: __, ...rest } = own;
      parts.push({ ...rest, nullable: true });
      left.push(only);
    } else parts.push(own);
    if (Array.isArray(allOf)) left.push(...allOf);
    if (typeof $ref === 'string') left.push(led($ref, written.document));
  }
  return parts;
}

/** Of two forms the one that is not null. */
function nullableForm({ anyOf, oneOf }: Record<string, unknown>): unknown {
  const forms = anyOf ?? oneOf;
  if (!Array.isArray(forms) || forms.length !== 2) return undefined;
  const others = forms.filter((form) => !isObject(form) || form.type !== 'null');
  return others.length === 1 ? others[0] : undefined;
}

function led(reference: string, document: unknown): unknown {
  if (!reference.startsWith('#') || !isObject(document)) return undefined;
  const root = { schema: document, pointer: '', shared: {}, sharedPointer: '' };
  return resolve(reference, root)?.schema;
}

/** What a schema says, in one order and without what only people read. */
function textOf(written: Written, depth: number): string {
  if (!isObject(written.schema)) return canonical(written.schema ?? true);
  if (depth > DEEP) return canonical(written.schema.$ref ?? written.schema.type ?? 'deep');
  const said: Record<string, unknown> = {};
  const below = (schema: unknown) => textOf({ schema, document: written.document }, depth + 1);
  for (const part of partsOf(written)) {
    for (const key of SAID) {
      const value = part[key];
      if (value === undefined) continue;
      if (key === 'type')
        said.type = [value]
          .flat()
          .filter((one) => one !== 'null')
          .sort();
      else if (key === 'enum' && Array.isArray(value)) said.enum = value.filter((one) => one !== null);
      else said[key] = isObject(value) ? below(value) : value;
    }
    if (isObject(part.properties)) {
      for (const [name, schema] of Object.entries(part.properties)) said[`/${name}`] = below(schema);
    }
    if (part.items !== undefined) said.items = below(part.items);
    if (Array.isArray(part.required))
      said.required = [
        ...new Set([...(Array.isArray(said.required) ? said.required : []), ...part.required]),
      ].sort();
    for (const key of ['anyOf', 'oneOf'] as const) {
      const forms = part[key];
      if (Array.isArray(forms)) said[key] = forms.map(below).sort();
    }
  }
  return canonical(said);
}

/** What of a property can be seen of its place only: whether it may be null. */
export const sameText = (one: Shape, other: Shape): boolean => one.text === other.text;
