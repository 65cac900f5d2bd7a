import { describe, expect, it } from 'vitest';
import { readDescription } from '#compatibility/descriptions.ts';
import type { ApiRecord, VersionRecord } from '../records.ts';
import { ApiSettings } from '../schemas.ts';
import { hasElement } from './elements.ts';
import { assertElements, successorOf } from './subject.ts';

const version = (name: string, status: VersionRecord['status'] = 'active'): VersionRecord => ({
  version: name,
  status,
  stability: 'stable',
  title: name,
  description: { key: '', hash: '', bytes: 0 },
  served: { key: '' },
  comparison: null,
  accepted: null,
  changes: null,
  validateRequests: false,
  deprecation: null,
  refuseNewConsumers: false,
  knownConsumers: [],
  brownouts: [],
  deprecatedElements: [],
  registeredAt: '',
  registeredBy: '',
});
const api = (...versions: VersionRecord[]): ApiRecord => ({
  schemaVersion: 1,
  id: 'orders',
  revision: 1,
  settings: ApiSettings.parse({ kind: 'openapi' }),
  versions,
  pins: {},
  routeRevision: 1,
  servedRevision: 1,
  servingProblem: null,
  outbox: [],
  nextSequence: 0,
  createdAt: '',
  createdBy: '',
  updatedAt: '',
});
const three = api(version('1.0.0'), version('2.0.0'), version('3.0.0'));
const asked = (name: string, successor: string | null = null) => ({
  version: name,
  elements: null,
  successor,
});

describe('the successor of what is deprecated', () => {
  it('is the newest active version, or the one that is named', () => {
    expect(successorOf(three, asked('1.0.0'), [])).toBe('3.0.0');
    expect(successorOf(three, asked('1.0.0', '2.0.0'), [])).toBe('2.0.0');
  });

  it.each([
    ['nothing that is registered', three, asked('9.0.0'), /not registered/],
    ['the only version', api(version('1.0.0')), asked('1.0.0'), /only version/],
    [
      'the only version left',
      api(version('1.0.0', 'removed'), version('2.0.0')),
      asked('2.0.0'),
      /only version/,
    ],
    ['the newest version', three, asked('3.0.0'), /newest version/],
    [
      'a removed version',
      api(version('1.0.0', 'removed'), version('2.0.0')),
      asked('1.0.0'),
      /removed already/,
    ],
    ['an older successor', three, asked('2.0.0', '1.0.0'), /older/],
    ['itself as successor', three, asked('2.0.0', '2.0.0'), /newest version|nothing comes after/],
    ['an unknown successor', three, asked('2.0.0', '4.0.0'), /not registered/],
    [
      'a successor that goes',
      api(version('1.0.0'), version('2.0.0', 'deprecated'), version('3.0.0')),
      asked('1.0.0', '2.0.0'),
      /deprecated itself/,
    ],
  ])('is refused for %s', (_what, record, request, message) => {
    expect(() => successorOf(record, request, [])).toThrow(message);
  });

  it('is refused for what is in deprecation already, as a whole or in a part', () => {
    const whole = { id: 'dpr_1', version: '1.0.0', elements: null };
    expect(() => successorOf(three, asked('1.0.0'), [whole])).toThrow(/dpr_1/);
    expect(successorOf(three, asked('2.0.0'), [whole])).toBe('3.0.0');
    const part = { endpoint: 'GET /orders/{}', field: '/note' };
    const parts = { id: 'dpr_2', version: '2.0.0', elements: [part] };
    expect(() => successorOf(three, { ...asked('2.0.0'), elements: [part] }, [parts])).toThrow(/dpr_2/);
    const other = { ...asked('2.0.0'), elements: [{ endpoint: 'GET /orders/{}' }] };
    expect(successorOf(three, other, [parts])).toBe('3.0.0');
  });

  it('of a part may be the very version: it stays', () => {
    const only = api(version('1.0.0'));
    expect(successorOf(only, { ...asked('1.0.0'), elements: [{ endpoint: 'GET /a' }] }, [])).toBe('1.0.0');
  });
});

describe('a part of a version', () => {
  const description = readDescription(
    JSON.stringify({
      openapi: '3.1.0',
      info: { title: 'Orders', version: '1' },
      components: {
        schemas: {
          Order: {
            type: 'object',
            properties: { items: { type: 'array', items: { $ref: '#/components/schemas/Item' } } },
          },
          Item: {
            allOf: [
              {
                type: 'object',
                properties: { price: { type: 'number' }, next: { $ref: '#/components/schemas/Item' } },
              },
            ],
          },
        },
      },
      paths: {
        '/orders/{id}': {
          get: {
            parameters: [
              { in: 'path', name: 'id', required: true, schema: { type: 'string' } },
              { in: 'query', name: 'full', schema: { type: 'boolean' } },
            ],
            responses: {
              200: {
                description: 'There',
                content: { 'application/json': { schema: { $ref: '#/components/schemas/Order' } } },
              },
            },
          },
        },
      },
    }),
  );
  const endpoint = 'GET /orders/{}';

  it.each([
    [{ endpoint }, true],
    [{ endpoint, field: '/items' }, true],
    [{ endpoint, field: '/items/*/price' }, true],
    [{ endpoint, field: '/items/*/next/next/price' }, true],
    [{ endpoint, field: '/full' }, true],
    [{ endpoint, field: '/items/price' }, false],
    [{ endpoint, field: '/constructor' }, false],
    [{ endpoint: 'GET /carts/{}' }, false],
    [{ type: 'Order' }, false],
  ])('%j is there: %s', (element, there) => expect(hasElement(description, element)).toBe(there));

  it('that is not there is refused by its name', () => {
    const wrong = { ...asked('1.0.0'), elements: [{ endpoint, field: '/tax' }] };
    expect(() => assertElements('orders', wrong, (one) => hasElement(description, one))).toThrow(
      'orders 1.0.0 has no GET /orders/{} /tax',
    );
  });

  it('of GraphQL is a type or a field of one', () => {
    const schema = readDescription(
      'type Query { order: Order } type Order { id: ID! note: String } enum Size { S L }',
      {
        kind: 'graphql',
      },
    );
    expect(hasElement(schema, { type: 'Order', field: 'note' })).toBe(true);
    expect(hasElement(schema, { type: 'Size', field: 'L' })).toBe(true);
    expect(hasElement(schema, { type: 'Order', field: 'tax' })).toBe(false);
    expect(hasElement(schema, { endpoint: 'GET /order' })).toBe(false);
  });
});
