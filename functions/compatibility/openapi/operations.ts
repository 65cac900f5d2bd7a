import { isObject, pointerTo } from '../json-schema/document.ts';
import type {
  Body,
  Header,
  Lifecycle,
  MediaType,
  Operation,
  Parameter,
  ParameterIn,
  Response,
  SchemaAt,
  Security,
} from './model.ts';
import type { Problem } from './problems.ts';
import { type At, followed } from './resolve.ts';

/** A document being read, and what is wrong with it so far. */
export interface Reading {
  document: Readonly<Record<string, unknown>>;
  problems: Problem[];
  /** The security of the whole API. */
  global: Security;
}

interface ObjectAt {
  value: Record<string, unknown>;
  pointer: string;
}

interface Asked {
  item: ObjectAt;
  method: string;
  key: string;
  path: string;
}

/** Reads one operation of a path item; undefined, and a problem, when it is none. */
export function readOperation(reading: Reading, asked: Asked, depth = 0): Operation | undefined {
  const { item, method, key, path } = asked;
  const at = objectAt(reading, { value: item.value[method], pointer: pointerTo(item.pointer, method) });
  if (!at) return undefined;
  const { value, pointer } = at;
  const own = securityOf(value.security);
  return {
    key,
    method: method.toUpperCase(),
    path,
    pointer,
    operationId: textOr(value.operationId),
    summary: textOr(value.summary),
    tags: texts(value.tags),
    lifecycle: lifecycleOf(value),
    parameters: parametersOf(reading, path, item, at),
    body: value.requestBody === undefined ? undefined : bodyOf(reading, below(at, 'requestBody')),
    responses: responsesOf(reading, below(at, 'responses')),
    security: own ?? reading.global,
    ownSecurity: own !== undefined,
    servers: serversOf(value.servers) ?? serversOf(item.value.servers),
    callbacks: depth > 0 ? new Map() : callbacksOf(reading, below(at, 'callbacks')),
  };
}

const below = (at: ObjectAt, key: string): At => ({
  value: at.value[key],
  pointer: pointerTo(at.pointer, key),
});

/** An object, references followed; a problem where there is something else. */
function objectAt({ document, problems }: Reading, at: At): ObjectAt | undefined {
  const led = followed(document, at);
  if (led && isObject(led.value)) return { value: led.value, pointer: led.pointer };
  const reference = isObject(at.value) ? at.value.$ref : undefined;
  const detail =
    typeof reference === 'string'
      ? `Expected ${reference} to lead to an object of the document, found ${led ? JSON.stringify(led.value)?.slice(0, 80) : 'none'}`
      : `Expected an object, found ${(JSON.stringify(at.value) ?? 'nothing').slice(0, 80)}`;
  problems.push({ pointer: at.pointer, detail });
  return undefined;
}

/** The entries of an object that names things; none when it is absent, a problem when it is something else. */
function entriesOf(reading: Reading, at: At): [name: string, value: At][] {
  if (at.value === undefined) return [];
  const found = objectAt(reading, at);
  if (!found) return [];
  return Object.entries(found.value)
    .filter(([name]) => !name.startsWith('x-'))
    .map(([name, value]) => [name, { value, pointer: pointerTo(found.pointer, name) }]);
}

const places: readonly string[] = ['path', 'query', 'header', 'cookie'];
const isPlace = (value: unknown): value is ParameterIn => typeof value === 'string' && places.includes(value);
/** Headers that the specification leaves to media types and security. */
const ignored = new Set(['accept', 'content-type', 'authorization']);

function parametersOf(
  reading: Reading,
  path: string,
  item: ObjectAt,
  operation: ObjectAt,
): Map<string, Parameter> {
  const found = new Map<string, Parameter>();
  for (const list of [below(item, 'parameters'), below(operation, 'parameters')]) {
    if (list.value === undefined) continue;
    if (!Array.isArray(list.value)) {
      reading.problems.push({ pointer: list.pointer, detail: 'Expected a list of parameters' });
      continue;
    }
    for (const [index, value] of list.value.entries()) {
      const at = objectAt(reading, { value, pointer: pointerTo(list.pointer, index) });
      const parameter = at && parameterOf(reading, path, at);
      // Those of the operation stand in place of the path item's.
      if (parameter) found.set(parameter.key, parameter);
    }
  }
  return found;
}

function parameterOf(reading: Reading, path: string, at: ObjectAt): Parameter | undefined {
  const { value, pointer } = at;
  const { in: place, name } = value;
  if (!isPlace(place) || typeof name !== 'string') {
    const detail = `Expected a name, and in to be one of ${places.join(', ')}`;
    reading.problems.push({ pointer, detail });
    return undefined;
  }
  if (place === 'header' && ignored.has(name.toLowerCase())) return undefined;
  const style = textOr(value.style) ?? (place === 'query' || place === 'cookie' ? 'form' : 'simple');
  const [media] = contentOf(reading, below(at, 'content')).values();
  return {
    in: place,
    name,
    key: `${place} ${keyOf(place, name, path)}`,
    pointer,
    required: value.required === true || place === 'path',
    style,
    explode: typeof value.explode === 'boolean' ? value.explode : style === 'form',
    allowReserved: value.allowReserved === true,
    allowEmptyValue: value.allowEmptyValue === true,
    mediaType: media?.name,
    schema: media ? media.schema : schemaAt(at),
    lifecycle: lifecycleOf(value),
  };
}

function keyOf(place: ParameterIn, name: string, path: string): string {
  if (place === 'header') return name.toLowerCase();
  if (place !== 'path') return name;
  const at = [...path.matchAll(/\{([^}]*)\}/g)].findIndex(([, one]) => one === name);
  return at === -1 ? name : `{${at}}`;
}

const schemaAt = (at: ObjectAt): SchemaAt | undefined =>
  at.value.schema === undefined
    ? undefined
    : { schema: at.value.schema, pointer: pointerTo(at.pointer, 'schema') };

function bodyOf(reading: Reading, at: At): Body | undefined {
  const body = objectAt(reading, at);
  if (!body) return undefined;
  return {
    pointer: body.pointer,
    required: body.value.required === true,
    content: contentOf(reading, below(body, 'content')),
  };
}

function contentOf(reading: Reading, at: At): Map<string, MediaType> {
  const found = new Map<string, MediaType>();
  for (const [name, value] of entriesOf(reading, at)) {
    const media = objectAt(reading, value);
    if (!media) continue;
    const key = mediaTypeKey(name);
    found.set(key, {
      name: key,
      pointer: media.pointer,
      schema: schemaAt(media),
      encoding: media.value.encoding,
    });
  }
  return found;
}

/** `Application/JSON; Charset=utf-8` and `application/json;charset=utf-8` are the same. */
const mediaTypeKey = (name: string): string =>
  name
    .split(';')
    .map((part) => part.trim().toLowerCase())
    .join(';');

function responsesOf(reading: Reading, at: At): Map<string, Response> {
  const found = new Map<string, Response>();
  for (const [name, value] of entriesOf(reading, at)) {
    const response = objectAt(reading, value);
    if (!response) continue;
    const status = /^[1-5]xx$/i.test(name) ? name.toUpperCase() : name;
    found.set(status, {
      status,
      pointer: response.pointer,
      content: contentOf(reading, below(response, 'content')),
      headers: headersOf(reading, below(response, 'headers')),
      links: new Map(entriesOf(reading, below(response, 'links')).map(([link, one]) => [link, one.value])),
    });
  }
  return found;
}

function headersOf(reading: Reading, at: At): Map<string, Header> {
  const found = new Map<string, Header>();
  for (const [name, value] of entriesOf(reading, at)) {
    const header = objectAt(reading, value);
    // The specification leaves it to the media type.
    if (!header || name.toLowerCase() === 'content-type') continue;
    const [media] = contentOf(reading, below(header, 'content')).values();
    found.set(name.toLowerCase(), {
      name,
      pointer: header.pointer,
      required: header.value.required === true,
      deprecated: header.value.deprecated === true,
      schema: media ? media.schema : schemaAt(header),
    });
  }
  return found;
}

function callbacksOf(reading: Reading, at: At): Map<string, Operation> {
  const found = new Map<string, Operation>();
  for (const [name, value] of entriesOf(reading, at)) {
    for (const [expression, one] of entriesOf(reading, value)) {
      const item = objectAt(reading, one);
      for (const method of item ? Object.keys(item.value) : []) {
        if (!item || !/^(get|put|post|delete|options|head|patch|trace)$/.test(method)) continue;
        const key = `callback ${name} ${method.toUpperCase()} ${expression}`;
        const operation = readOperation(reading, { item, method, key, path: expression }, 1);
        if (operation) found.set(key, operation);
      }
    }
  }
  return found;
}

const lifecycleOf = (value: Record<string, unknown>): Lifecycle => ({
  deprecated: value.deprecated === true,
  sunset: value['x-sunset'],
  stability: value['x-stability-level'],
});

/** Undefined when nothing is said; an empty list when everybody is let in. */
export function securityOf(value: unknown): Security | undefined {
  if (!Array.isArray(value)) return undefined;
  return value
    .filter(isObject)
    .map((one) => new Map(Object.entries(one).map(([name, scopes]) => [name, texts(scopes).toSorted()])));
}

export function serversOf(value: unknown): string[] | undefined {
  if (!Array.isArray(value)) return undefined;
  return value.filter(isObject).flatMap((one) => textOr(one.url) ?? []);
}

export const textOr = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

const texts = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
