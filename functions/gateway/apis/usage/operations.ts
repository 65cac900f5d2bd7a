import { createHash } from 'node:crypto';
import { buildSchema, type DocumentNode, type GraphQLSchema, Kind, separateOperations } from 'graphql';
import { elementsOf } from '#compatibility/graphql/elements.ts';
import { operationLimits } from '#compatibility/graphql/operation-limits.ts';
import { parseWithin } from '#compatibility/graphql/schema.ts';
import { isObject } from '#compatibility/json-schema/document.ts';

/** An operation of GraphQL that a request sent. */
export interface SentOperation {
  /** By its name and what it asks for: values in it do not make it another. */
  hash: string;
  name: string;
  /** `Type.field`; undefined: they could not be told. */
  fields: Set<string> | undefined;
}

const mostFields = 1_000;
const mostRemembered = 500;
/** Of a batch no more are looked at. */
const mostInBatch = 10;

const digest = (text: string): string => createHash('sha256').update(text).digest('base64url');
const unreadable = (why: string): SentOperation => ({
  hash: digest(why),
  name: `(${why})`,
  fields: undefined,
});

/**
 * Reads the operations of requests by the schema of their version; without one only their names are known. Documents are
 * parsed once, and no more than 500 are remembered.
 */
export function operationReader(sdl: string | undefined) {
  const schema = sdl === undefined ? undefined : buildSchema(sdl, { assumeValid: true });
  const known = new Map<string, SentOperation>();

  function read(text: string, name: string | undefined): SentOperation {
    if (Buffer.byteLength(text) > operationLimits.bytes) return unreadable('too large');
    const key = digest(`${name ?? ''}\0${text}`);
    const found = known.get(key) ?? parsed(text, name, schema);
    known.delete(key);
    known.set(key, found);
    const [oldest] = known.keys();
    if (known.size > mostRemembered && oldest !== undefined) known.delete(oldest);
    return found;
  }

  function one(sent: unknown): SentOperation {
    if (!isObject(sent)) return unreadable('no operation');
    const { query, operationName, extensions } = sent;
    if (typeof query === 'string')
      return read(query, typeof operationName === 'string' ? operationName : undefined);
    const persisted = isObject(extensions) && isObject(extensions.persistedQuery);
    return unreadable(persisted ? 'persisted operation' : 'no operation');
  }

  return {
    /** What a body, or the parameters of a query, ask for. */
    of: (body: unknown, parameters: Record<string, unknown>): SentOperation[] => {
      if (Array.isArray(body)) return body.slice(0, mostInBatch).map(one);
      return [one(body === undefined ? parameters : body)];
    },
  };
}

function parsed(text: string, name: string | undefined, schema: GraphQLSchema | undefined): SentOperation {
  try {
    const document = chosen(parseWithin(text, 'operation'), name);
    const said = nameOf(document);
    if (schema === undefined) return { hash: digest(said), name: said, fields: undefined };
    const fields = elementsOf(document, schema).map(({ type, field }) => `${type}.${field}`);
    if (fields.length > mostFields) return { hash: digest(said), name: said, fields: undefined };
    return { hash: digest([said, ...fields.sort()].join('\0')), name: said, fields: new Set(fields) };
  } catch {
    return unreadable('no GraphQL');
  }
}

const chosen = (document: DocumentNode, name: string | undefined): DocumentNode => {
  const operations = separateOperations(document);
  const found = name !== undefined && Object.hasOwn(operations, name) ? operations[name] : undefined;
  return found ?? document;
};

/** Its name, or what it begins with: `query orders`. */
function nameOf(document: DocumentNode): string {
  const operation = document.definitions.find((one) => one.kind === Kind.OPERATION_DEFINITION);
  if (operation?.name !== undefined) return operation.name.value.slice(0, 200);
  const first = operation?.selectionSet.selections.find((one) => one.kind === Kind.FIELD);
  return `${operation?.operation ?? 'query'} ${first?.name.value ?? '…'}`.slice(0, 200);
}
