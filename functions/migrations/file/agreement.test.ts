import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { buildSync } from 'esbuild';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { parseMigrationFile } from './parse.ts';
import { operationSchemas } from './schema.ts';

// The published package of the format: its JSON schema and its zod. It ships TypeScript sources only, hence the bundling.
const entry = fileURLToPath(new URL('../../../node_modules/@xata.io/pgroll/src/index.ts', import.meta.url));

const Node = z.looseObject({
  type: z.union([z.string(), z.array(z.string())]).optional(),
  $ref: z.string().optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  required: z.array(z.string()).optional(),
  items: z.unknown().optional(),
  additionalProperties: z.unknown().optional(),
});
const Schema = z.looseObject({ $id: z.string(), $defs: z.record(z.string(), z.unknown()) });
const Published = z.object({
  schema: Schema,
  PgRollMigrationDefinition: z.custom<{ safeParse: (value: unknown) => { success: boolean } }>(
    (value) => value !== undefined,
  ),
});

const Module = z.looseObject({
  generateJSONSchema: z.custom<() => unknown>((value) => typeof value === 'function'),
});

let published: z.infer<typeof Published>;
let byJsonSchema: (value: unknown) => boolean;

beforeAll(async () => {
  const { outputFiles } = buildSync({
    entryPoints: [entry],
    bundle: true,
    format: 'esm',
    platform: 'node',
    write: false,
  });
  const code = Buffer.from(outputFiles[0]?.contents ?? []).toString('base64');
  const module = Module.parse(await import(/* @vite-ignore */ `data:text/javascript;base64,${code}`));
  published = Published.parse({ ...module, schema: module.generateJSONSchema() });
  const ajv = new Ajv2020({ strict: false });
  ajv.addSchema(published.schema);
  const validate = ajv.compile({ $ref: `${published.schema.$id}#/$defs/PgRollMigration` });
  byJsonSchema = (value) => validate(value) === true;
});

/** Values of a part of the published JSON schema. */
function valuesOf(part: unknown): fc.Arbitrary<unknown> {
  const node = Node.parse(part);
  if (node.$ref !== undefined) return valuesOf(published.schema.$defs[node.$ref.replace('#/$defs/', '')]);
  const [first, ...others] = [node.type ?? 'object'].flat().map((type) => valuesOfType(type, node));
  return first === undefined ? fc.constant(null) : fc.oneof(first, ...others);
}

function valuesOfType(type: string, node: z.infer<typeof Node>): fc.Arbitrary<unknown> {
  if (type === 'string') return fc.constantFrom('a', 'name with "quotes"', 'ünï', 'text', '1 + 1');
  if (type === 'boolean') return fc.boolean();
  if (type === 'null') return fc.constant(null);
  if (type === 'array') return fc.array(valuesOf(node.items), { maxLength: 3 });
  if (node.properties === undefined)
    return fc.dictionary(fc.constantFrom('a', 'b'), valuesOf(node.additionalProperties), {
      noNullPrototype: true,
    });
  const properties = Object.entries(node.properties).map(
    ([name, property]) => [name, valuesOf(property)] as const,
  );
  // The published schema allows either down or onComplete of sql, its zod both.
  const exclusive = (value: Record<string, unknown>) => !('down' in value && 'onComplete' in value);
  return fc
    .record(Object.fromEntries(properties), { requiredKeys: node.required ?? [], noNullPrototype: true })
    .filter(exclusive);
}

const kinds = Object.keys(operationSchemas);
const definitionOf = (kind: string) =>
  kind === 'sql'
    ? 'OpRawSQL'
    : `Op${kind
        .split('_')
        .map((word) =>
          word === 'multicolumn' ? 'MultiColumn' : word.charAt(0).toUpperCase() + word.slice(1),
        )
        .join('')}`;

function ours(file: unknown): { kind: string; body: unknown } | null {
  try {
    return parseMigrationFile(JSON.stringify(file)).operations[0] ?? null;
  } catch {
    return null;
  }
}

describe('agreement with the published format', () => {
  it.each(kinds)('%s: what it accepts is read unchanged', (kind) => {
    fc.assert(
      fc.property(valuesOf({ $ref: `#/$defs/${definitionOf(kind)}` }), (body) => {
        const file = { name: 'm', operations: [{ [kind]: body }] };
        expect(byJsonSchema(file)).toBe(true);
        expect(published.PgRollMigrationDefinition.safeParse(file).success).toBe(true);
        expect(ours(file)).toEqual({ kind, body });
      }),
      { numRuns: 25 },
    );
  });

  it.each(kinds)('%s: unknown and missing fields are refused by both', (kind) => {
    const required = Node.parse(published.schema.$defs[definitionOf(kind)]).required ?? [];
    // Older files leave them out where a change needs none; the planner asks for them where it does.
    const optionalHere = kind === 'alter_column' ? ['up', 'down'] : [];
    fc.assert(
      fc.property(
        valuesOf({ $ref: `#/$defs/${definitionOf(kind)}` }),
        fc.constantFrom('', ...required),
        (body, without) => {
          const entries = Object.entries(body ?? {}).filter(([name]) => name !== without);
          const broken = Object.fromEntries(without === '' ? [...entries, ['surprise', 1]] : entries);
          const file = { name: 'm', operations: [{ [kind]: broken }] };
          expect(byJsonSchema(file)).toBe(false);
          if (!optionalHere.includes(without)) expect(ours(file)).toBeNull();
        },
      ),
      { numRuns: 12 },
    );
  });

  it('knows every operation there is', () => {
    const operations = z.object({
      anyOf: z.array(z.object({ properties: z.record(z.string(), z.unknown()) })),
    });
    const known = operations
      .parse(published.schema.$defs.PgRollOperation)
      .anyOf.flatMap((each) => Object.keys(each.properties));
    expect(kinds.toSorted()).toEqual(known.toSorted());
  });
});
