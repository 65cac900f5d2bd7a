import { writeFile } from 'node:fs/promises';
import { Command } from 'commander';
import { type Definition, DefinitionPage } from '#configuration/schemas.ts';
import { call } from '../client.ts';
import { counted, print } from '../output.ts';
import { type Platform, platformOf } from '../platform.ts';
import { namespaceOption, pathOf } from './options.ts';

type Schema = Definition['schema'];

const isSchema = (value: unknown): value is Schema =>
  typeof value === 'boolean' || (typeof value === 'object' && value !== null && !Array.isArray(value));
const isRecord = (value: unknown): value is Record<string, unknown> =>
  isSchema(value) && typeof value !== 'boolean';

const literal = (value: unknown): string =>
  value === null || ['string', 'number', 'boolean'].includes(typeof value)
    ? JSON.stringify(value)
    : 'unknown';

/** Levels of objects and lists that are written out. */
const mostLevels = 12;

/**
 * The TypeScript type of what a schema allows, as far as its common words say it, else `unknown`: every value that fits
 * the schema has the type.
 */
export function typeOf(schema: unknown, level = 0): string {
  if (schema === false) return 'never';
  if (!isRecord(schema) || level > mostLevels) return 'unknown';
  if ('const' in schema) return literal(schema.const);
  if (Array.isArray(schema.enum)) return union(schema.enum.map(literal));
  for (const word of ['oneOf', 'anyOf']) {
    const some = schema[word];
    if (Array.isArray(some) && some.length > 0 && schema.type === undefined)
      return union(some.map((one) => typeOf(one, level + 1)));
  }
  if (Array.isArray(schema.type)) return union(schema.type.map((type) => typeOf({ ...schema, type }, level)));
  switch (schema.type) {
    case 'string':
    case 'boolean':
    case 'null':
      return schema.type;
    case 'integer':
    case 'number':
      return 'number';
    case 'array':
      return arrayType(schema, level);
    case 'object':
      return objectType(schema, level);
    default:
      return 'unknown';
  }
}

function union(types: string[]): string {
  const all = [...new Set(types)];
  if (all.length === 0) return 'never';
  return all.includes('unknown') ? 'unknown' : all.join(' | ');
}

const parenthesised = (type: string): string => (type.includes(' | ') ? `(${type})` : type);

function arrayType({ items, prefixItems }: Record<string, unknown>, level: number): string {
  if (prefixItems !== undefined || Array.isArray(items)) return 'readonly unknown[]';
  return `readonly ${parenthesised(typeOf(items, level + 1))}[]`;
}

function objectType(schema: Record<string, unknown>, level: number): string {
  const properties = isRecord(schema.properties) ? Object.entries(schema.properties) : [];
  const required = new Set(Array.isArray(schema.required) ? schema.required : []);
  const rest = schema.additionalProperties;
  if (properties.length === 0) {
    const inner = rest === undefined || rest === true ? 'unknown' : typeOf(rest, level + 1);
    return `Readonly<Record<string, ${inner}>>`;
  }
  const indent = '  '.repeat(level + 2);
  const lines = properties.map(
    ([name, inner]) =>
      `${indent}readonly ${JSON.stringify(name)}${required.has(name) ? '' : '?'}: ${typeOf(inner, level + 1)};`,
  );
  return `{\n${lines.join('\n')}\n${'  '.repeat(level + 1)}}`;
}

const comment = (text: string): string[] =>
  text === '' ? [] : [`  /** ${text.replaceAll('*/', '* /').replaceAll(/\s+/g, ' ')} */`];

/** A TypeScript declaration of the keys of a namespace; secrets are strings. */
export function declarationOf(namespace: string, definitions: readonly Definition[]): string {
  const name = namespace.replaceAll(/(?:^|-)([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
  const lines = definitions.flatMap(({ key, schema, secret, description }) => [
    ...comment(description),
    `  readonly ${JSON.stringify(key)}: ${secret ? 'string' : typeOf(schema)};`,
  ]);
  return [
    `// Made by \`theseus config types --namespace ${namespace}\` from its definitions.`,
    `export interface ${name}Configuration {`,
    ...lines,
    '}',
    '',
  ].join('\n');
}

/** All definitions of a namespace. */
export async function definitionsOf(platform: Platform, namespace: string): Promise<Definition[]> {
  const found: Definition[] = [];
  let cursor: string | undefined;
  do {
    const page = await call(platform, {
      method: 'GET',
      path: pathOf('keys'),
      query: { namespace, limit: 100, cursor },
      answer: DefinitionPage,
    });
    found.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== undefined && found.length < 5_000);
  return found;
}

/** `theseus config types --namespace shop --out configuration.d.ts`: types of its values. */
export const configTypes = (): Command =>
  new Command('types')
    .description('Write a TypeScript declaration of the keys of a namespace')
    .addOption(namespaceOption())
    .option('--out <file>', 'where to; to the output unless said')
    .action(async ({ namespace, out }: { namespace: string; out?: string }, command: Command) => {
      const definitions = await definitionsOf(await platformOf(command), namespace);
      const text = declarationOf(namespace, definitions);
      if (out === undefined) return print(text.trimEnd());
      await writeFile(out, text);
      print(`${out}: ${counted(definitions.length, 'key')}.`);
    });
