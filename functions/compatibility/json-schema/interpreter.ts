import { canonical, isObject, type JsonSchema, pointerTo } from './document.ts';
import { matches } from './nodes.ts';
import { isLocal, type Root, resolve } from './references.ts';

/** What is wrong with a document, as ajv tells it. */
export interface Complaint {
  keyword: string;
  instancePath: string;
  message: string;
}

/** So deep schemas may lead to one another at one place of a document: what goes on has no end. */
const DEEPEST = 400;

/**
 * Validates documents by JSON Schema 2020-12 without compiling it: for schemas so large that to compile one takes longer
 * than all that is asked of it. `$dynamicRef`, `unevaluatedItems` and `unevaluatedProperties` are not for it: see `reads`.
 */
export class Interpreter {
  readonly #root: Root;
  readonly #formats: (format: string, text: string) => boolean | 'unknown';

  constructor(root: Root, formats: (format: string, text: string) => boolean | 'unknown') {
    this.#root = root;
    this.#formats = formats;
  }

  /**
   * What is wrong with a document; nothing when it is valid.
   * @throws Error for references that lead nowhere or have no end.
   */
  validate(document: unknown): Complaint[] {
    return [...this.#all(this.#root.schema, document, '', 0)];
  }

  #valid(schema: JsonSchema, value: unknown, path: string, depth: number): boolean {
    return this.#all(schema, value, path, depth).next().done === true;
  }

  *#all(schema: JsonSchema, value: unknown, path: string, depth: number): Generator<Complaint> {
    if (schema === true) return;
    if (schema === false) {
      yield { keyword: 'false schema', instancePath: path, message: 'boolean schema is false' };
      return;
    }
    if (depth > DEEPEST) throw new Error(`The schema leads back to itself at ${path}`);
    const problem = (keyword: string, message: string): Complaint => ({
      keyword,
      instancePath: path,
      message,
    });
    if (typeof schema.$ref === 'string') {
      const target = isLocal(schema.$ref) ? resolve(schema.$ref, this.#root) : undefined;
      if (!target) throw new Error(`Nothing is at ${schema.$ref}`);
      yield* this.#all(target.schema, value, path, depth + 1);
    }
    const types = schema.type === undefined ? undefined : [schema.type].flat();
    if (types && !types.some((type) => isOf(type, value)))
      yield problem('type', `must be ${types.join(',')}`);
    if (Array.isArray(schema.enum) && !isAmong(schema.enum, value))
      yield problem('enum', 'must be equal to one of the allowed values');
    if (Object.hasOwn(schema, 'const') && !isAmong([schema.const], value))
      yield problem('const', 'must be equal to constant');
    if (typeof value === 'number') yield* numberProblems(schema, value, problem);
    if (typeof value === 'string') yield* this.#text(schema, value, problem);
    if (Array.isArray(value)) yield* this.#list(schema, value, path, depth, problem);
    else if (isObject(value)) yield* this.#object(schema, value, path, depth, problem);
    yield* this.#combined(schema, value, path, depth, problem);
  }

  *#combined(
    schema: SchemaObject,
    value: unknown,
    path: string,
    depth: number,
    problem: Problem,
  ): Generator<Complaint> {
    const valid = (one: JsonSchema) => this.#valid(one, value, path, depth + 1);
    for (const one of listOf(schema.allOf)) yield* this.#all(one, value, path, depth + 1);
    if (Array.isArray(schema.anyOf) && !listOf(schema.anyOf).some(valid))
      yield problem('anyOf', 'must match a schema in anyOf');
    if (Array.isArray(schema.oneOf) && listOf(schema.oneOf).filter(valid).length !== 1)
      yield problem('oneOf', 'must match exactly one schema in oneOf');
    if (isSchema(schema.not) && valid(schema.not)) yield problem('not', 'must NOT be valid');
    if (!isSchema(schema.if)) return;
    const branch = valid(schema.if) ? schema.then : schema.else;
    if (isSchema(branch)) yield* this.#all(branch, value, path, depth + 1);
  }

  *#text(schema: SchemaObject, value: string, problem: Problem): Generator<Complaint> {
    const { minLength, maxLength, pattern, format } = schema;
    const length = typeof minLength === 'number' || typeof maxLength === 'number' ? [...value].length : 0;
    if (typeof minLength === 'number' && length < minLength)
      yield problem('minLength', `must NOT have fewer than ${minLength} characters`);
    if (typeof maxLength === 'number' && length > maxLength)
      yield problem('maxLength', `must NOT have more than ${maxLength} characters`);
    if (typeof pattern === 'string' && !matches(pattern, value))
      yield problem('pattern', `must match pattern "${pattern}"`);
    if (typeof format === 'string' && this.#formats(format, value) === false)
      yield problem('format', `must match format "${format}"`);
  }

  *#list(
    schema: SchemaObject,
    value: readonly unknown[],
    path: string,
    depth: number,
    problem: Problem,
  ): Generator<Complaint> {
    const { minItems, maxItems, uniqueItems, items, contains } = schema;
    if (typeof minItems === 'number' && value.length < minItems)
      yield problem('minItems', `must NOT have fewer than ${minItems} items`);
    if (typeof maxItems === 'number' && value.length > maxItems)
      yield problem('maxItems', `must NOT have more than ${maxItems} items`);
    if (uniqueItems === true && new Set(value.map(canonical)).size < value.length)
      yield problem('uniqueItems', 'must NOT have duplicate items');
    const prefix = listOf(schema.prefixItems);
    for (const [at, one] of value.entries()) {
      const own = prefix[at] ?? (isSchema(items) ? items : undefined);
      if (own !== undefined) yield* this.#all(own, one, pointerTo(path, at), depth + 1);
    }
    if (!isSchema(contains)) return;
    const { minContains = 1, maxContains } = schema;
    const found = value.filter((one, at) =>
      this.#valid(contains, one, pointerTo(path, at), depth + 1),
    ).length;
    if (
      (typeof minContains === 'number' && found < minContains) ||
      (typeof maxContains === 'number' && found > maxContains)
    )
      yield problem('contains', 'must contain so many valid items');
  }

  *#object(
    schema: SchemaObject,
    value: SchemaObject,
    path: string,
    depth: number,
    problem: Problem,
  ): Generator<Complaint> {
    const names = Object.keys(value);
    const { minProperties, maxProperties, required, propertyNames, additionalProperties: rest } = schema;
    if (typeof minProperties === 'number' && names.length < minProperties)
      yield problem('minProperties', `must NOT have fewer than ${minProperties} properties`);
    if (typeof maxProperties === 'number' && names.length > maxProperties)
      yield problem('maxProperties', `must NOT have more than ${maxProperties} properties`);
    for (const name of Array.isArray(required) ? required : []) {
      if (!Object.hasOwn(value, name)) yield problem('required', `must have required property '${name}'`);
    }
    for (const [name, needed] of isObject(schema.dependentRequired)
      ? Object.entries(schema.dependentRequired)
      : []) {
      const missing =
        Array.isArray(needed) &&
        Object.hasOwn(value, name) &&
        needed.find((one) => !Object.hasOwn(value, one));
      if (missing)
        yield problem('dependentRequired', `must have property ${missing} when property ${name} is present`);
    }
    for (const [name, one] of isObject(schema.dependentSchemas)
      ? Object.entries(schema.dependentSchemas)
      : []) {
      if (Object.hasOwn(value, name) && isSchema(one)) yield* this.#all(one, value, path, depth + 1);
    }
    const properties = isObject(schema.properties) ? schema.properties : {};
    const patterns = isObject(schema.patternProperties) ? Object.entries(schema.patternProperties) : [];
    for (const name of names) {
      if (isSchema(propertyNames) && !this.#valid(propertyNames, name, path, depth + 1))
        yield problem('propertyNames', 'property name must be valid');
      const own = Object.hasOwn(properties, name) ? [properties[name]] : [];
      const all = [...own, ...patterns.filter(([pattern]) => matches(pattern, name)).map(([, one]) => one)];
      if (all.length === 0 && rest === false) {
        yield problem('additionalProperties', 'must NOT have additional properties');
        continue;
      }
      for (const one of all.length > 0 ? all : [rest]) {
        if (isSchema(one)) yield* this.#all(one, value[name], pointerTo(path, name), depth + 1);
      }
    }
  }
}

/** Whether all that a schema's words say is read by the interpreter. */
export const reads = (words: string): boolean =>
  !/"(\$dynamicRef|\$recursiveRef|unevaluated(Items|Properties))"/.test(words);

type SchemaObject = Record<string, unknown>;
type Problem = (keyword: string, message: string) => Complaint;

const isSchema = (value: unknown): value is JsonSchema => typeof value === 'boolean' || isObject(value);
const listOf = (value: unknown): JsonSchema[] => (Array.isArray(value) ? value.filter(isSchema) : []);

function isAmong(values: readonly unknown[], value: unknown): boolean {
  const text = canonical(value);
  return values.some((one) => canonical(one) === text);
}

function isOf(type: unknown, value: unknown): boolean {
  switch (type) {
    case 'null':
      return value === null;
    case 'integer':
      return Number.isInteger(value);
    case 'number':
      return typeof value === 'number' && Number.isFinite(value);
    case 'array':
      return Array.isArray(value);
    case 'object':
      return isObject(value);
    default:
      return typeof value === type;
  }
}

function* numberProblems(schema: SchemaObject, value: number, problem: Problem): Generator<Complaint> {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema;
  if (typeof minimum === 'number' && !(value >= minimum)) yield problem('minimum', `must be >= ${minimum}`);
  if (typeof maximum === 'number' && !(value <= maximum)) yield problem('maximum', `must be <= ${maximum}`);
  if (typeof exclusiveMinimum === 'number' && !(value > exclusiveMinimum))
    yield problem('exclusiveMinimum', `must be > ${exclusiveMinimum}`);
  if (typeof exclusiveMaximum === 'number' && !(value < exclusiveMaximum))
    yield problem('exclusiveMaximum', `must be < ${exclusiveMaximum}`);
  if (typeof multipleOf === 'number' && !Number.isInteger(value / multipleOf))
    yield problem('multipleOf', `must be multiple of ${multipleOf}`);
}
