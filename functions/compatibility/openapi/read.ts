import { hash } from 'node:crypto';
import { isObject, pointerTo } from '../json-schema/document.ts';
import { refused, type Source } from '../source.ts';
import type { OpenApi, Operation } from './model.ts';
import { type Reading, readOperation, securityOf, serversOf, textOr } from './operations.ts';
import { MOST_PROBLEMS, type Problem, referenceProblems } from './problems.ts';
import { followed } from './resolve.ts';

/** So many endpoints a description may have, webhooks included. */
export const MOST_ENDPOINTS = 10_000;
const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'];

/**
 * Reads and checks an OpenAPI description of 3.0 or 3.1.
 * @throws InvalidInput for what is none, with every problem found and its pointer, at most 50.
 */
export function readOpenApi({ value: document, text, fileName, problem }: Source): OpenApi {
  if (!document) throw refused(fileName, { pointer: '', detail: problem ?? 'Expected JSON or YAML' });
  const format = formatOf(document, fileName);
  const problems = [...shapeProblems(document), ...referenceProblems(document)];
  if (problems.length > 0) throw refused(fileName, ...problems.slice(0, MOST_PROBLEMS));
  const reading: Reading = { document, problems, global: securityOf(document.security) ?? [] };
  const endpoints = operationsBelow(reading, 'paths', (path, method) => {
    const bare = path.replaceAll(/\{[^}]*\}/g, '{}');
    return `${method} ${bare}`;
  });
  const webhooks = operationsBelow(reading, 'webhooks', (name, method) => `webhook ${name} ${method}`);
  const count = endpoints.size + webhooks.size;
  if (count > MOST_ENDPOINTS)
    problems.push({
      pointer: '/paths',
      detail: `Expected at most ${MOST_ENDPOINTS} endpoints, found ${count}`,
    });
  if (problems.length > 0) throw refused(fileName, ...problems.slice(0, MOST_PROBLEMS));
  const info = isObject(document.info) ? document.info : {};
  const components = isObject(document.components) ? document.components : {};
  return {
    kind: 'openapi',
    digest: hash('sha256', text),
    format,
    title: textOr(info.title) ?? 'Untitled',
    version: textOr(info.version),
    document,
    endpoints,
    webhooks,
    servers: serversOf(document.servers) ?? [],
    security: reading.global,
    securitySchemes: schemesOf(document, components.securitySchemes),
    tags: Array.isArray(document.tags)
      ? document.tags.flatMap((tag) => (isObject(tag) ? (textOr(tag.name) ?? []) : []))
      : [],
  };
}

function formatOf(document: Record<string, unknown>, fileName: string | undefined): string {
  const { openapi, swagger } = document;
  if (openapi === undefined && swagger !== undefined) {
    const detail = `Expected OpenAPI 3.0 or 3.1, found Swagger ${told(swagger)}: convert it to 3.0 first, for example with swagger2openapi`;
    throw refused(fileName, { pointer: '/swagger', detail });
  }
  // YAML reads 3.1 without quotes as a number.
  const format = typeof openapi === 'number' ? openapi.toFixed(1) : openapi;
  if (typeof format === 'string' && /^3\.[01](\.|$)/.test(format)) return format;
  const detail = `Expected OpenAPI 3.0 or 3.1, found ${told(openapi ?? 'no field openapi')}`;
  throw refused(fileName, { pointer: '/openapi', detail });
}

function shapeProblems(document: Record<string, unknown>): Problem[] {
  const problems: Problem[] = [];
  for (const key of ['info', 'paths', 'webhooks', 'components']) {
    if (document[key] !== undefined && !isObject(document[key]))
      problems.push({ pointer: `/${key}`, detail: `Expected an object, found ${told(document[key])}` });
  }
  if (!['paths', 'webhooks', 'components'].some((key) => document[key] !== undefined))
    problems.push({ pointer: '/paths', detail: 'Expected paths, found none' });
  for (const path of isObject(document.paths) ? Object.keys(document.paths) : []) {
    if (!path.startsWith('/') && !path.startsWith('x-'))
      problems.push({
        pointer: pointerTo('/paths', path),
        detail: `Expected a path that begins with /, found ${told(path)}`,
      });
  }
  return problems;
}

function operationsBelow(
  reading: Reading,
  section: 'paths' | 'webhooks',
  keyOf: (name: string, method: string) => string,
): Map<string, Operation> {
  const found = new Map<string, Operation>();
  const { [section]: items } = reading.document;
  for (const [path, value] of isObject(items) ? Object.entries(items) : []) {
    if (path.startsWith('x-')) continue;
    const item = itemAt(reading, { value, pointer: pointerTo('', section, path) });
    if (!item) continue;
    for (const method of METHODS) {
      if (item.value[method] === undefined) continue;
      const usual = keyOf(path, method.toUpperCase());
      // Two paths that differ only in names are one to the specification, yet they are met.
      const key = found.has(usual) ? `${method.toUpperCase()} ${path}` : usual;
      const operation = readOperation(reading, { item, method, key, path });
      if (operation) found.set(key, operation);
    }
  }
  return found;
}

/** A path item, with what it refers to under what it says itself. */
export function itemAt(
  { document, problems }: Reading,
  at: { value: unknown; pointer: string },
): { value: Record<string, unknown>; pointer: string } | undefined {
  const led = followed(document, at);
  if (!led || !isObject(led.value)) {
    problems.push({ pointer: at.pointer, detail: `Expected a path item, found ${told(led?.value)}` });
    return undefined;
  }
  return { value: led.value, pointer: led.pointer };
}

function schemesOf(document: Record<string, unknown>, schemes: unknown): OpenApi['securitySchemes'] {
  const found = new Map<string, { pointer: string; scheme: Record<string, unknown> }>();
  for (const [name, value] of isObject(schemes) ? Object.entries(schemes) : []) {
    const pointer = pointerTo('/components/securitySchemes', name);
    const led = followed(document, { value, pointer });
    if (led && isObject(led.value)) found.set(name, { pointer, scheme: led.value });
  }
  return found;
}

const told = (value: unknown): string => (JSON.stringify(value) ?? 'nothing').slice(0, 80);
