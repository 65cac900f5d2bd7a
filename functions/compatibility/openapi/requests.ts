import type { Example } from '../changes.ts';
import { isObject } from '../json-schema/document.ts';
import type { Operation, Parameter } from './model.ts';
import type { SchemaPairs } from './schemas.ts';

/** So many requests are made for one comparison. */
const MOST = 300;

/** Makes whole requests that the old description allows: what has to be there, as small as it can be. */
export class Requests {
  readonly #schemas: SchemaPairs;
  #left = MOST;

  constructor(schemas: SchemaPairs) {
    this.#schemas = schemas;
  }

  /**
   * A request that the old version takes and the new one refuses, because of `reason`. `wanted` is a parameter that has to
   * be in it though it may be left out. Undefined when there were too many already.
   */
  refused(operation: Operation, reason: string, wanted?: Parameter): Example | undefined {
    if (this.#left-- <= 0) return undefined;
    return { document: this.#request(operation, wanted), acceptedBy: 'old', refusedBy: 'new', reason };
  }

  #request(operation: Operation, wanted: Parameter | undefined): Record<string, unknown> {
    const given = [...operation.parameters.values()].filter((one) => one.required || one === wanted);
    const value = (one: Parameter): unknown =>
      (one.schema && this.#schemas.sample('old', one.schema, 'sent')) ?? 'a';
    const all = (place: Parameter['in']) =>
      given.filter((one) => one.in === place).map((one) => [one.name, value(one)] as const);
    const path = new Map(all('path'));
    const [query, headers, cookies] = [all('query'), all('header'), all('cookie')];
    const [media] = operation.body?.required ? operation.body.content.values() : [];
    const body = media?.schema && this.#schemas.sample('old', media.schema, 'sent');
    return {
      method: operation.method,
      path: operation.path.replaceAll(/\{([^}]*)\}/g, (_, name: string) =>
        encodeURIComponent(text(path.get(name) ?? 'a')),
      ),
      ...(query.length > 0 && { query: Object.fromEntries(query) }),
      ...((headers.length > 0 || media) && {
        headers: Object.fromEntries([...(media ? [['content-type', media.name]] : []), ...headers]),
      }),
      ...(cookies.length > 0 && { cookies: Object.fromEntries(cookies) }),
      ...(body !== undefined && { body }),
    };
  }
}

const text = (value: unknown): string =>
  Array.isArray(value) || isObject(value) ? JSON.stringify(value) : String(value);
