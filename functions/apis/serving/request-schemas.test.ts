import { expect, it } from 'vitest';
import { readDescription } from '#compatibility/descriptions.ts';
import { compile } from '#compatibility/json-schema/validator.ts';
import { requestSchemasOf } from './request-schemas.ts';

it('are those of 2020-12 by themselves, whatever the description is written in and refers to', () => {
  const description = readDescription(
    JSON.stringify({
      openapi: '3.0.3',
      info: { title: 'Orders', version: '1' },
      paths: {
        '/orders': {
          post: {
            requestBody: {
              content: { 'application/json': { schema: { $ref: '#/components/schemas/New Order' } } },
            },
            responses: {},
          },
          get: { responses: {} },
        },
      },
      components: {
        schemas: {
          'New Order': {
            type: 'object',
            required: ['id', 'note'],
            properties: {
              id: { type: 'string', readOnly: true },
              note: { oneOf: [{ type: 'string' }], nullable: true },
              parts: { type: 'array', items: { $ref: '#/components/schemas/New Order' } },
            },
          },
        },
      },
    }),
    { kind: 'openapi' },
  );
  if (description.kind !== 'openapi') throw new Error('expected OpenAPI');
  const schemas = requestSchemasOf(description);
  expect(Object.keys(schemas)).toEqual(['POST /orders']);
  // As it is stored: a text of JSON.
  const schema = JSON.parse(JSON.stringify(schemas['POST /orders']));
  const root = { schema, pointer: '', shared: {}, sharedPointer: '/definitions' };
  const validate = compile({ root, dialect: '2020-12' });
  expect(validate?.({ note: 'x', parts: [{ note: 'y' }] })).toBe(true);
  expect(validate?.({ note: 7 })).toBe(false);
  expect(validate?.({ note: 'x', parts: [{}] })).toBe(false);
});
