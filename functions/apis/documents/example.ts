import { isObject } from '#compatibility/json-schema/document.ts';
import { target } from '#compatibility/openapi/resolve.ts';

/** Levels of an example, and fields of one object: what a person still reads. */
const deepest = 6;
const mostFields = 40;

const byFormat: Record<string, string> = {
  'date-time': '2026-03-01T12:00:00Z',
  date: '2026-03-01',
  time: '12:00:00Z',
  email: 'name@example.com',
  uri: 'https://example.com/',
  url: 'https://example.com/',
  uuid: '3f2b0c1e-5d4a-4c9b-8a7e-6f1d2c3b4a59',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
  hostname: 'example.com',
};

/** What a field of this name may be for, where nothing else says what stands in it. */
const textFor = (name: string, minLength: unknown): string => {
  const text = /id$/i.test(name) ? `${name.replace(/_?id$/i, '') || 'id'}_1` : name || 'text';
  return typeof minLength === 'number' && minLength > text.length && minLength <= 200
    ? text.padEnd(minLength, '.')
    : text;
};

function numberFor({ minimum, exclusiveMinimum, maximum, multipleOf }: Record<string, unknown>): number {
  const step = typeof multipleOf === 'number' && multipleOf > 0 ? multipleOf : 1;
  const least =
    typeof minimum === 'number'
      ? minimum
      : typeof exclusiveMinimum === 'number'
        ? exclusiveMinimum + step
        : step;
  const up = Math.ceil(least / step) * step;
  return typeof maximum === 'number' && up > maximum ? maximum : up;
}

const typeOf = ({ type, properties, items }: Record<string, unknown>): unknown => {
  if (Array.isArray(type)) return type.find((one) => one !== 'null') ?? 'null';
  if (type !== undefined) return type;
  if (properties !== undefined) return 'object';
  return items === undefined ? undefined : 'array';
};

/** What a schema says itself: an example, else what is fixed or listed. */
function told(schema: Record<string, unknown>): { value: unknown } | undefined {
  if (schema.example !== undefined) return { value: schema.example };
  if (Array.isArray(schema.examples) && schema.examples.length > 0) return { value: schema.examples[0] };
  if (schema.const !== undefined) return { value: schema.const };
  if (schema.default !== undefined && schema.default !== null) return { value: schema.default };
  if (Array.isArray(schema.enum) && schema.enum.length > 0) return { value: schema.enum[0] };
  return undefined;
}

export type Side = 'request' | 'response';

/**
 * An example of a schema for people: what it says itself, else every field with something that fits its type. Of
 * alternatives the first; a circle ends, and so does what is deeper than people read. It is not held against the schema.
 */
export function exampleOf(document: unknown, schema: unknown, side: Side, name = '', depth = 0): unknown {
  if (!isObject(schema)) return name || 'anything';
  if (typeof schema.$ref === 'string') {
    const led = depth > deepest ? undefined : target(document, schema.$ref);
    return led === undefined ? null : exampleOf(document, led.value, side, name, depth + 1);
  }
  const said = told(schema);
  if (said !== undefined) return said.value;
  const [first] = [schema.oneOf, schema.anyOf].flatMap((all) => (Array.isArray(all) ? all : []));
  if (Array.isArray(schema.allOf) || first !== undefined) {
    const { allOf, oneOf: _one, anyOf: _any, ...rest } = schema;
    const parts = [rest, ...(Array.isArray(allOf) ? allOf : []), ...(first === undefined ? [] : [first])];
    const made = parts
      .filter((part) => isObject(part) && Object.keys(part).length > 0)
      .map((part) => exampleOf(document, part, side, name, depth + 1));
    const objects = made.filter(isObject);
    return objects.length > 0 ? Object.fromEntries(objects.flatMap(Object.entries)) : made[0];
  }
  switch (typeOf(schema)) {
    case 'object':
      return objectFor(document, schema, side, depth);
    case 'array':
      return depth > deepest
        ? []
        : [exampleOf(document, schema.items, side, name.replace(/s$/, ''), depth + 1)];
    case 'string':
      return byFormat[String(schema.format)] ?? textFor(name, schema.minLength);
    case 'integer':
    case 'number':
      return numberFor(schema);
    case 'boolean':
      return true;
    case 'null':
      return null;
    default:
      return name || 'anything';
  }
}

function objectFor(
  document: unknown,
  { properties, additionalProperties }: Record<string, unknown>,
  side: Side,
  depth: number,
): unknown {
  if (depth > deepest) return {};
  const hidden = side === 'request' ? 'readOnly' : 'writeOnly';
  const fields = Object.entries(isObject(properties) ? properties : {})
    .filter(([, schema]) => !(isObject(schema) && schema[hidden] === true))
    .slice(0, mostFields)
    .map(([name, schema]): [string, unknown] => [name, exampleOf(document, schema, side, name, depth + 1)]);
  if (fields.length === 0 && isObject(additionalProperties)) {
    return { name: exampleOf(document, additionalProperties, side, 'value', depth + 1) };
  }
  // Entries, not assignments: a field may be called __proto__.
  return Object.fromEntries(fields);
}
