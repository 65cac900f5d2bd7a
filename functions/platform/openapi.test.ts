import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { openApiDocument } from './openapi.ts';
import { pageOf, pageQuery } from './page.ts';
import { type Route, route } from './route.ts';

const owner = z.object({ name: z.string() }).meta({ id: 'Owner' });
const ship = z.strictObject({ id: z.string(), planks: z.number().default(0), owner }).meta({ id: 'Ship' });

const routes: Route[] = [
  route({
    method: 'POST',
    path: '/ships',
    summary: 'Build a ship',
    needs: { action: 'operator', on: 'ship' },
    body: ship,
    responses: { 201: ship },
    handler: async ({ body }) => ({ status: 201, body }),
  }),
  route({
    method: 'GET',
    path: '/ships',
    summary: 'List ships',
    needs: { action: 'viewer', on: 'ship' },
    query: pageQuery,
    responses: { 200: pageOf(ship) },
    handler: async () => ({ status: 200, body: { items: [] } }),
  }),
  route({
    method: 'POST',
    path: '/ships/{id}/sink',
    summary: 'Sink a ship',
    needs: { action: 'administrator', on: 'ship' },
    params: z.strictObject({ id: z.string().describe('Of the ship') }),
    responses: { 204: z.undefined() },
    handler: async () => ({ status: 204, body: undefined }),
  }),
];
const document = openApiDocument({ info: { title: 'Ships', version: '1' }, routes });

/** Every `$ref` of the document with the value it leads to. */
function references(value: unknown): [string, unknown][] {
  if (typeof value !== 'object' || value === null) return [];
  const inner = Object.values(value).flatMap(references);
  if (!('$ref' in value) || typeof value.$ref !== 'string') return inner;
  const path = value.$ref.replace(/^#\//, '').split('/');
  const at = (from: unknown, key: string): unknown =>
    typeof from === 'object' && from !== null
      ? Object.entries(from).find(([name]) => name === key)?.[1]
      : undefined;
  return [...inner, [value.$ref, path.reduce(at, document as unknown)]];
}

describe('the OpenAPI document', () => {
  it('is plain JSON of version 3.1 with all its references resolving', () => {
    expect(JSON.parse(JSON.stringify(document))).toEqual(document);
    expect(document.openapi).toBe('3.1.0');
    const found = references(document);
    expect(found.length).toBeGreaterThan(5);
    for (const [reference, target] of found) expect(target, reference).toBeDefined();
  });

  it('holds schemas that a JSON Schema validator takes and that mean what zod means', () => {
    const ajv = new Ajv2020({ strict: false });
    ajv.addSchema({ $id: 'https://x/', ...document });
    const validate = ajv.compile({ $ref: 'https://x/#/components/schemas/ShipInput' });
    expect(validate({ id: 'a', owner: { name: 'n' } })).toBe(true);
    expect(validate({ id: 'a', owner: {} })).toBe(false);
    expect(validate({ id: 'a', owner: { name: 'n' }, extra: 1 })).toBe(false);
    const output = ajv.compile({ $ref: 'https://x/#/components/schemas/Ship' });
    expect(output({ id: 'a', owner: { name: 'n' } })).toBe(false); // planks is always there
    expect(ajv.compile({ $ref: 'https://x/#/components/schemas/Problem' })({ status: 1 })).toBe(false);
  });

  it('names parameters, roles, keys and security of each operation', () => {
    expect(document).toMatchObject({
      security: [{ bearer: [] }],
      paths: {
        '/ships': {
          get: {
            operationId: 'getShips',
            'x-theseus-action': 'viewer',
            'x-theseus-on': 'ship',
            parameters: [
              { name: 'limit', in: 'query', required: false },
              { name: 'cursor', in: 'query' },
            ],
          },
          post: {
            requestBody: { required: true },
            parameters: [{ $ref: '#/components/parameters/IdempotencyKey' }],
          },
        },
        '/ships/{id}/sink': {
          post: {
            operationId: 'postShipsByIdSink',
            parameters: [{ name: 'id', in: 'path', required: true, description: 'Of the ship' }, {}],
            responses: { 204: { description: 'Done; nothing to say' }, default: {} },
          },
        },
      },
    });
    expect(JSON.stringify(document)).not.toMatch(/\$schema|\$defs/);
  });
});
