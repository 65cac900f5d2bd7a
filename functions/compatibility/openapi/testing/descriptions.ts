import type { Change } from '../../changes.ts';
import { readSource } from '../../source.ts';
import { compareOpenApi } from '../compare.ts';
import type { OpenApi } from '../model.ts';
import { readOpenApi } from '../read.ts';

export const read = (document: unknown): OpenApi => readOpenApi(readSource(JSON.stringify(document)));

/** A description with what is given beside its head. */
export const api = (more: object, format = '3.0.3') => ({
  openapi: format,
  info: { title: 'Orders', version: '1.0.0' },
  paths: {},
  ...more,
});

/** One endpoint, `GET /orders/{id}` or as `method` says. */
export const endpoint = (operation: object, more: object = {}, method = 'get') =>
  api({ paths: { '/orders/{id}': { [method]: { responses: {}, ...operation } } }, ...more });

export const json = (schema: unknown) => ({ content: { 'application/json': { schema } } });
export const sends = (schema: unknown) => endpoint({ requestBody: json(schema) }, {}, 'post');
export const answers = (schema: unknown) =>
  endpoint({ responses: { 200: { description: '', ...json(schema) } } });

/** What changed, on 2026-11-22. */
export const changes = (old: unknown, next: unknown): Change[] =>
  compareOpenApi(read(old), read(next), { today: '2026-11-22' });

/** `breaking request-parameter-in-changed`, each once. */
export const rules = (old: unknown, next: unknown): string[] => [
  ...new Set(changes(old, next).map(({ rule, level }) => `${level} ${rule}`)),
];
