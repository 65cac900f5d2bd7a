import type { Description } from '#compatibility/descriptions.ts';
import type { OpenApi, Operation } from '#compatibility/openapi/model.ts';
import type { Element } from './schemas.ts';

/** Schemas inside one another, references included, that are followed for one field. */
const deepest = 64;

/** Whether a version's description has such an element; kinds that have no such elements have none. */
export function hasElement(description: Description, element: Element): boolean {
  if (description.kind === 'graphql') {
    if (!('type' in element)) return false;
    const type = description.schema.getType(element.type);
    if (type === undefined || element.field === undefined) return type !== undefined;
    if ('getFields' in type) return Object.hasOwn(type.getFields(), element.field);
    return 'getValue' in type && type.getValue(element.field) !== undefined;
  }
  if (description.kind !== 'openapi' || 'type' in element) return false;
  const operation = description.endpoints.get(element.endpoint);
  if (operation === undefined || element.field === undefined) return operation !== undefined;
  const steps = element.field.slice(1).split('/').map(plainStep);
  const isParameter = [...operation.parameters.values()].some(({ name }) => name === steps[0]);
  return (
    (steps.length === 1 && isParameter) ||
    schemasOf(operation).some((schema) => reaches(description, schema, steps, 0))
  );
}

const plainStep = (step: string) => step.replaceAll('~1', '/').replaceAll('~0', '~');

const schemasOf = ({ body, responses }: Operation): unknown[] =>
  [body, ...responses.values()].flatMap((one) =>
    one === undefined ? [] : [...one.content.values()].map(({ schema }) => schema?.schema),
  );

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Whether a schema says something of the value at these steps; `*` is any item. */
function reaches(description: OpenApi, schema: unknown, steps: readonly string[], depth: number): boolean {
  if (!isObject(schema) || depth > deepest) return false;
  const [step, ...rest] = steps;
  const go = (next: unknown, left: readonly string[]) => reaches(description, next, left, depth + 1);
  const { $ref, properties, items } = schema;
  if (typeof $ref === 'string' && go(referred(description, $ref), steps)) return true;
  const alternatives = [schema.allOf, schema.anyOf, schema.oneOf].flatMap((one) =>
    Array.isArray(one) ? one : [],
  );
  if (alternatives.some((one) => go(one, steps))) return true;
  if (step === undefined) return true;
  if (step === '*' && isObject(items)) return rest.length === 0 || go(items, rest);
  if (!isObject(properties) || !Object.hasOwn(properties, step)) return false;
  return rest.length === 0 || go(properties[step], rest);
}

/** What a local reference leads to; undefined for any other. */
function referred({ document }: OpenApi, reference: string): unknown {
  if (!reference.startsWith('#/')) return undefined;
  let found: unknown = document;
  for (const step of reference.slice(2).split('/').map(decodeURIComponent).map(plainStep)) {
    if (!isObject(found) || !Object.hasOwn(found, step)) return undefined;
    found = found[step];
  }
  return found;
}
