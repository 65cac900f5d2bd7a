import { stripTypeScriptTypes } from 'node:module';
import { expect, it } from 'vitest';
import { z } from 'zod';
import type { Definition } from '#configuration/schemas.ts';
import { declarationOf, typeOf } from './types.ts';

it.each([
  [z.string().min(3), 'string'],
  [z.int().max(5), 'number'],
  [z.enum(['a', 'b']), '"a" | "b"'],
  [z.literal(5), '5'],
  [z.nullable(z.boolean()), 'boolean | null'],
  [z.array(z.union([z.string(), z.number()])), 'readonly (string | number)[]'],
  [z.record(z.string(), z.number()), 'Readonly<Record<string, number>>'],
  [z.unknown(), 'unknown'],
  [z.tuple([z.string()]), 'readonly unknown[]'],
])('the type of a schema: %#', (schema, type) => {
  expect(typeOf(z.toJSONSchema(schema))).toBe(type);
});

it.each([
  [true, 'unknown'],
  [false, 'never'],
  [{ type: ['string', 'null'] }, 'string | null'],
  [{ allOf: [{ type: 'string' }] }, 'unknown'],
  [{ anyOf: [{ type: 'string' }, {}] }, 'unknown'],
  [{ type: 'object' }, 'Readonly<Record<string, unknown>>'],
])('the type of %j is %s', (schema, type) => expect(typeOf(schema)).toBe(type));

it('a declaration names every key, also those that are no identifiers, and is TypeScript', () => {
  const schema = z.toJSONSchema(
    z.object({ max: z.number(), 'a-b': z.string().optional() }),
  ) as Definition['schema'];
  const text = declarationOf('my-shop', [
    { key: 'limits', schema, secret: false, description: 'What */ may\nbe' } as Definition,
    { key: 'db.password', schema: true, secret: true, description: '' } as Definition,
  ]);
  expect(text).toContain(
    'export interface MyShopConfiguration {\n  /** What * / may be */\n  readonly "limits": {\n',
  );
  expect(text).toContain('    readonly "max": number;\n    readonly "a-b"?: string;\n  };\n');
  expect(text).toContain('  readonly "db.password": string;\n}');
  expect(stripTypeScriptTypes(text).trim()).toMatch(/^\/\/ Made by/);
});
