import {
  type Alternative,
  allTypes,
  anyOf,
  type JsonType,
  meet,
  type Opaque,
  typeOf,
} from './alternatives.ts';
import { type Dialect, isObject, isSchema, pointerTo } from './document.ts';
import { fingerprint } from './fingerprint.ts';
import type { Located } from './references.ts';

type SchemaObject = Record<string, unknown>;

/** What the keywords of one schema say by themselves, without references and combinations: an alternative for each type. */
export function ownAlternatives(schema: SchemaObject, at: Located, dialect: Dialect): Alternative[] {
  const literals = literalsOf(schema);
  const opaque = opaqueOf(schema, at);
  return typesOf(schema).flatMap((type) => {
    const values = literals?.filter((value) => typeOf(value) === type);
    if (values?.length === 0) return [];
    const facts = factsOf(type, schema, at, dialect);
    const own = opaque.filter((one) => one.types.includes(type));
    return (
      meet(anyOf(type), { facts, literals: values, opaque: own.map(({ types: _, ...rest }) => rest) }) ?? []
    );
  });
}

function typesOf({ type, nullable }: SchemaObject): JsonType[] {
  if (type === undefined) return [...allTypes];
  const named = [type].flat().map((one) => (one === 'integer' ? 'number' : one));
  return allTypes.filter((one) => named.includes(one) || (one === 'null' && nullable === true));
}

function literalsOf(schema: SchemaObject): readonly unknown[] | undefined {
  const listed = Array.isArray(schema.enum) ? schema.enum : undefined;
  if (!Object.hasOwn(schema, 'const')) return listed;
  const one = anyValue(schema.const);
  return listed ? (meet(one, { ...one, literals: listed })?.literals ?? []) : [schema.const];
}

const anyValue = (value: unknown): Alternative => ({ ...anyOf(typeOf(value)), literals: [value] });

const numberOr = (value: unknown, otherwise: number): number =>
  typeof value === 'number' ? value : otherwise;

const listOf = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];

function factsOf(type: JsonType, schema: SchemaObject, at: Located, dialect: Dialect): Alternative['facts'] {
  const sizes = (min: unknown, max: unknown) => ({
    min: Math.ceil(numberOr(min, 0)),
    max: Math.floor(numberOr(max, Number.POSITIVE_INFINITY)),
  });
  const text = (value: unknown) => (typeof value === 'string' ? [value] : []);
  switch (type) {
    case 'number':
      return numberFacts(schema);
    case 'string': {
      const { minLength, maxLength, pattern, format } = schema;
      return { type, ...sizes(minLength, maxLength), patterns: text(pattern), formats: text(format) };
    }
    case 'array':
      return {
        type,
        ...sizes(schema.minItems, schema.maxItems),
        unique: schema.uniqueItems === true,
        layers: itemLayers(schema, at, dialect),
      };
    case 'object':
      return {
        type,
        ...sizes(schema.minProperties, schema.maxProperties),
        required: listOf(schema.required),
        layers: propertyLayers(schema, at),
        names: located(schema.propertyNames, at, 'propertyNames'),
        dependents: dependentsOf(schema),
        fixed: new Map(),
      };
    default:
      return { type };
  }
}

function numberFacts(schema: SchemaObject): Alternative['facts'] {
  const { type, minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema;
  const infinity = Number.POSITIVE_INFINITY;
  const bounds = { type: 'number', integer: false, multiples: [] } as const;
  const inclusive = {
    ...bounds,
    min: { value: numberOr(minimum, -infinity), exclusive: false },
    max: { value: numberOr(maximum, infinity), exclusive: false },
  };
  const exclusive = {
    ...bounds,
    min: { value: numberOr(exclusiveMinimum, -infinity), exclusive: typeof exclusiveMinimum === 'number' },
    max: { value: numberOr(exclusiveMaximum, infinity), exclusive: typeof exclusiveMaximum === 'number' },
  };
  const tightest = (one: typeof inclusive.min, other: typeof one, sign: number) =>
    sign * one.value > sign * other.value ? one : other;
  return {
    type: 'number',
    integer: type !== undefined && ![type].flat().includes('number'),
    min: tightest(inclusive.min, exclusive.min, 1),
    max: tightest(inclusive.max, exclusive.max, -1),
    multiples: typeof multipleOf === 'number' ? [multipleOf] : [],
  };
}

function located(value: unknown, at: Located, ...steps: (string | number)[]): Located[] {
  return isSchema(value) ? [{ schema: value, pointer: pointerTo(at.pointer, ...steps), root: at.root }] : [];
}

function itemLayers(schema: SchemaObject, at: Located, dialect: Dialect) {
  const tuple = dialect === '2020-12' ? 'prefixItems' : 'items';
  const list = schema[tuple];
  const prefix = Array.isArray(list) ? list.flatMap((one, index) => located(one, at, tuple, index)) : [];
  const others = dialect === '2020-12' || !Array.isArray(list) ? 'items' : 'additionalItems';
  const [rest] = located(schema[others], at, others);
  return prefix.length === 0 && !rest ? [] : [{ prefix, rest }];
}

function propertyLayers(schema: SchemaObject, at: Located) {
  const entries = (key: string) => {
    const map = schema[key];
    return isObject(map)
      ? Object.entries(map).flatMap(([name, one]) =>
          located(one, at, key, name).map((found) => [name, found] as const),
        )
      : [];
  };
  const properties = new Map(entries('properties'));
  const patterns = entries('patternProperties').map(([pattern, one]) => ({ pattern, schema: one }));
  const [rest] = located(schema.additionalProperties, at, 'additionalProperties');
  return properties.size === 0 && patterns.length === 0 && !rest ? [] : [{ properties, patterns, rest }];
}

function dependentsOf(schema: SchemaObject): [string, string][] {
  const maps = [schema.dependentRequired, schema.dependencies].filter(isObject);
  return maps.flatMap((map) =>
    Object.entries(map).flatMap(([name, needed]) =>
      listOf(needed).map((one): [string, string] => [name, one]),
    ),
  );
}

/** Keywords that are not compared, and the types of documents that they concern. */
const notCompared: Record<string, readonly JsonType[]> = {
  not: allTypes,
  if: allTypes,
  $dynamicRef: allTypes,
  $recursiveRef: allTypes,
  contains: ['array'],
  unevaluatedItems: ['array'],
  contentEncoding: ['string'],
  contentMediaType: ['string'],
  contentSchema: ['string'],
  dependentSchemas: ['object'],
  dependencies: ['object'],
  unevaluatedProperties: ['object'],
};
/** What belongs to a keyword: the text of these is part of its own. `*`: the whole schema. */
const together: Record<string, readonly string[]> = {
  if: ['if', 'then', 'else'],
  contains: ['contains', 'minContains', 'maxContains'],
  unevaluatedItems: ['*'],
  unevaluatedProperties: ['*'],
  $dynamicRef: ['*'],
  $recursiveRef: ['*'],
};

function opaqueOf(schema: SchemaObject, at: Located): (Opaque & { types: readonly JsonType[] })[] {
  return Object.entries(notCompared).flatMap(([keyword, types]) => {
    if (!Object.hasOwn(schema, keyword) || (keyword === 'dependencies' && !hasSchemas(schema.dependencies)))
      return [];
    const keys = together[keyword] ?? [keyword];
    const said = keys.includes('*')
      ? schema
      : Object.fromEntries(keys.filter((key) => Object.hasOwn(schema, key)).map((key) => [key, schema[key]]));
    return [{ keyword, text: fingerprint(said, at.root), types }];
  });
}

const hasSchemas = (map: unknown) => isObject(map) && Object.values(map).some(isSchema);
