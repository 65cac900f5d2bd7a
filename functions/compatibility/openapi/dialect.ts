import { isObject, type JsonSchema, pointerTo } from '../json-schema/document.ts';
import { followed, target } from './resolve.ts';

/** Which way a document goes: what is read-only is not sent, and what is write-only is not received. */
export type View = 'sent' | 'received';

const PLAIN = [
  ...['const', 'format', 'pattern', 'minLength', 'maxLength', 'minimum', 'maximum', 'exclusiveMinimum'],
  ...['exclusiveMaximum', 'multipleOf', 'minItems', 'maxItems', 'uniqueItems', 'minProperties'],
  ...['maxProperties', 'dependentRequired', 'contentEncoding', 'contentMediaType', 'minContains'],
  ...['maxContains', '$dynamicRef'],
];
const ONE = ['items', 'additionalProperties', 'not', 'if', 'then', 'else', 'contains', 'propertyNames'];
const MORE = ['unevaluatedItems', 'unevaluatedProperties', 'contentSchema'];
const LIST = ['allOf', 'anyOf', 'oneOf', 'prefixItems'];
const MAP = ['patternProperties', 'dependentSchemas'];
const TYPES = new Set(['null', 'boolean', 'integer', 'number', 'string', 'array', 'object']);
const SCHEMAS = '#/components/schemas/';

/**
 * Writes the schemas of one description in the words of JSON Schema 2020-12, as they are for documents that go one way.
 * What they refer to becomes `#/definitions/<name>`, and is found in `shared`.
 */
export class Dialect {
  readonly shared: Record<string, JsonSchema> = Object.create(null);
  readonly #document: Readonly<Record<string, unknown>>;
  readonly #old: boolean;
  readonly #hidden: 'readOnly' | 'writeOnly';
  readonly #waiting: string[] = [];

  constructor(document: Readonly<Record<string, unknown>>, format: string, view: View) {
    this.#document = document;
    this.#old = format.startsWith('3.0');
    this.#hidden = view === 'sent' ? 'readOnly' : 'writeOnly';
  }

  /** A schema in the words of 2020-12. What is no schema at all allows everything. */
  translated(schema: unknown): JsonSchema {
    const found = this.#schema(schema, new Set());
    for (let name = this.#waiting.pop(); name !== undefined; name = this.#waiting.pop()) {
      this.shared[name] = this.#schema(this.#named(name), new Set());
    }
    return found;
  }

  /** Names of definitions are those of the components; what is referred to elsewhere goes by its whole reference. */
  #named(name: string): unknown {
    return target(this.#document, name.startsWith('#/') ? name : pointerTo(SCHEMAS.slice(0, -1), name))
      ?.value;
  }

  #reference(reference: string): string {
    if (!reference.startsWith('#/')) return reference;
    const rest = reference.startsWith(SCHEMAS) ? reference.slice(SCHEMAS.length) : '';
    const name = rest !== '' && !rest.includes('/') ? unescaped(rest) : reference;
    if (!Object.hasOwn(this.shared, name)) {
      this.shared[name] = true;
      this.#waiting.push(name);
    }
    return pointerTo('#/definitions', name).replaceAll('%', '%25');
  }

  /** `absent`: properties that are hidden by a schema around this one. */
  #schema(value: unknown, absent: ReadonlySet<string>): JsonSchema {
    if (typeof value === 'boolean') return value;
    if (!isObject(value)) return true;
    const reference = typeof value.$ref === 'string' ? value.$ref : undefined;
    if (reference !== undefined && this.#old) return { $ref: this.#reference(reference) };
    const hidden = new Set([...absent, ...this.#hiddenIn(value)]);
    const schema: Record<string, unknown> = {};
    for (const key of PLAIN) if (value[key] !== undefined) schema[key] = value[key];
    for (const key of [...ONE, ...MORE])
      if (isSchemaLike(value[key])) schema[key] = this.#schema(value[key], new Set());
    for (const key of LIST) {
      const list = value[key];
      if (Array.isArray(list))
        schema[key] = list.map((one) => this.#schema(one, key === 'allOf' ? hidden : absent));
    }
    for (const key of MAP) if (isObject(value[key])) schema[key] = this.#map(value[key], new Set());
    if (isObject(value.properties)) schema.properties = this.#map(value.properties, hidden);
    if (Array.isArray(value.required))
      schema.required = value.required.filter((name) => typeof name === 'string' && !hidden.has(name));
    if (Array.isArray(value.enum)) schema.enum = value.enum;
    if (reference !== undefined) schema.$ref = this.#reference(reference);
    types(schema, value);
    if (this.#old) exclusive(schema, value);
    numbers(schema);
    // Which form it is says the discriminator, so that forms need not exclude one another.
    if (isObject(value.discriminator) && schema.oneOf && !schema.anyOf) {
      schema.anyOf = schema.oneOf;
      delete schema.oneOf;
    }
    return this.#old && value.nullable === true ? orNull(schema) : schema;
  }

  #map(map: Record<string, unknown>, without: ReadonlySet<string>): Record<string, JsonSchema> {
    const names = Object.keys(map).filter((name) => !without.has(name));
    return Object.fromEntries(names.map((name) => [name, this.#schema(map[name], new Set())]));
  }

  /** Properties that documents of this view do not have, those of `allOf` included: they may be demanded elsewhere. */
  #hiddenIn(schema: Record<string, unknown>, depth = 0): string[] {
    if (depth > 8) return [];
    const own = isObject(schema.properties)
      ? Object.entries(schema.properties).flatMap(([name, one]) => (this.#isHidden(one) ? [name] : []))
      : [];
    const all = Array.isArray(schema.allOf) ? schema.allOf : [];
    return [
      ...own,
      ...all.flatMap((one) => {
        const led = followed(this.#document, { value: one, pointer: '' })?.value;
        return isObject(led) ? this.#hiddenIn(led, depth + 1) : [];
      }),
    ];
  }

  #isHidden(property: unknown): boolean {
    if (!isObject(property)) return false;
    if (property[this.#hidden] === true && (!this.#old || property.$ref === undefined)) return true;
    if (typeof property.$ref !== 'string') return false;
    const led = followed(this.#document, { value: property, pointer: '' })?.value;
    return isObject(led) && led[this.#hidden] === true;
  }
}

const isSchemaLike = (value: unknown): boolean => typeof value === 'boolean' || isObject(value);

const unescaped = (step: string): string => {
  const name = step.replaceAll('~1', '/').replaceAll('~0', '~');
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
};

function types(schema: Record<string, unknown>, { type }: Record<string, unknown>): void {
  const named = [type].flat().filter((one) => typeof one === 'string' && TYPES.has(one));
  if (named.length === 1) schema.type = named[0];
  else if (named.length > 1) schema.type = named;
  // It speaks of how a text is to be shown, and not of what it may be.
  if (schema.format === 'password') delete schema.format;
  for (const key of ['pattern', 'format']) if (typeof schema[key] !== 'string') delete schema[key];
}

/** In 3.0 `exclusiveMinimum` says of `minimum` that it is none of the numbers. */
function exclusive(schema: Record<string, unknown>, value: Record<string, unknown>): void {
  for (const [flag, bound] of [
    ['exclusiveMinimum', 'minimum'],
    ['exclusiveMaximum', 'maximum'],
  ] as const) {
    if (typeof value[flag] !== 'boolean') continue;
    delete schema[flag];
    if (!value[flag] || typeof value[bound] !== 'number') continue;
    schema[flag] = value[bound];
    delete schema[bound];
  }
}

const NUMBERS = [
  ...['minLength', 'maxLength', 'minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'],
  ...['multipleOf', 'minItems', 'maxItems', 'minProperties', 'maxProperties', 'minContains', 'maxContains'],
];

/** Numbers are numbers, and the formats of integers are limits: from `int32` to `int64` more numbers are allowed. */
function numbers(schema: Record<string, unknown>): void {
  for (const key of NUMBERS) if (typeof schema[key] !== 'number') delete schema[key];
  if (schema.multipleOf === 0) delete schema.multipleOf;
  if (schema.format === 'int32' && ![schema.type].flat().includes('string')) {
    const bounded = (bound: unknown, limit: number, pick: (...all: number[]) => number) =>
      typeof bound === 'number' ? pick(bound, limit) : limit;
    schema.minimum = bounded(schema.minimum, -2_147_483_648, Math.max);
    schema.maximum = bounded(schema.maximum, 2_147_483_647, Math.min);
  }
}

function orNull(schema: Record<string, unknown>): JsonSchema {
  const { type, enum: values, ...rest } = schema;
  if (type === undefined) {
    // Written beside `allOf` of a reference it is meant of both, though 3.0 says that it needs a type.
    const says = Object.keys(schema).length > 0;
    return says ? { anyOf: [schema, { type: 'null' }] } : schema;
  }
  return {
    ...rest,
    type: [...new Set([type, 'null'].flat())],
    ...(Array.isArray(values) && { enum: values.includes(null) ? values : [...values, null] }),
  };
}
