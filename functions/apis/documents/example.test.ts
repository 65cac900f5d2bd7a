import { expect, it } from 'vitest';
import { exampleOf } from './example.ts';

const document = {
  components: {
    schemas: {
      Node: {
        type: 'object',
        properties: { name: { type: 'string' }, next: { $ref: '#/components/schemas/Node' } },
      },
      Money: {
        type: 'object',
        properties: { amount: { type: 'number' }, currency: { enum: ['EUR', 'USD'] } },
      },
    },
  },
};
const example = (schema: unknown, side: 'request' | 'response' = 'response') =>
  exampleOf(document, schema, side);

it('says what the schema says, else something that fits', () => {
  const schema = {
    allOf: [
      {
        type: 'object',
        properties: {
          orderId: { type: 'string' },
          price: { $ref: '#/components/schemas/Money' },
          at: { type: 'string', format: 'date-time' },
          lines: {
            type: 'array',
            items: { type: 'object', properties: { count: { type: 'integer', minimum: 3 } } },
          },
          state: { type: ['null', 'string'], example: 'paid' },
        },
      },
      { properties: { gift: { type: 'boolean' } } },
    ],
  };
  expect(example(schema)).toEqual({
    orderId: 'order_1',
    price: { amount: 1, currency: 'EUR' },
    at: '2026-03-01T12:00:00Z',
    lines: [{ count: 3 }],
    state: 'paid',
    gift: true,
  });
});

it('leaves out what only the other side has', () => {
  const properties = { id: { type: 'integer', readOnly: true }, secret: { type: 'string', writeOnly: true } };
  expect(example({ properties }, 'request')).toEqual({ secret: 'secret' });
  expect(example({ properties })).toEqual({ id: 1 });
});

it('ends with circles, depth, names of prototypes and what is no schema', () => {
  expect(JSON.stringify(example({ $ref: '#/components/schemas/Node' })).length).toBeLessThan(500);
  let deep: object = { type: 'string' };
  for (let level = 0; level < 200; level += 1) deep = { type: 'object', properties: { a: deep } };
  expect(JSON.stringify(example(deep)).length).toBeLessThan(200);
  const odd = example(
    JSON.parse('{"properties":{"__proto__":{"type":"integer"},"constructor":{"type":"integer"}}}'),
  );
  expect(JSON.stringify(odd)).toBe('{"__proto__":1,"constructor":1}');
  expect(example(true)).toBe('anything');
  expect(example({ $ref: '#/nowhere' })).toBeNull();
});
