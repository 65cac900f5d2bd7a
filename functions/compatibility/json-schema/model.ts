import { hash } from 'node:crypto';
import type { DescriptionBase, Kind } from '../description-kind.ts';
import { refused, type Source } from '../source.ts';
import { type Dialect, dialectOf, dialects, isObject, type JsonSchema } from './document.ts';
import { compareByMode, modeRuleNames } from './modes.ts';
import { everySchema } from './references.ts';
import type { SchemaSide } from './validator.ts';
import { schemaProblems } from './validity.ts';

/** What a schema that stands by itself may be at most. */
export const schemaLimits = { bytes: 5_000_000, schemas: 50_000 } as const;

/** A JSON Schema by itself: of a message, a file, a topic. */
export interface StandaloneSchema extends DescriptionBase {
  kind: 'json-schema';
  side: SchemaSide;
}

/** JSON Schema of 2020-12 and draft-07. */
export const jsonSchemaKind: Kind<StandaloneSchema> = {
  recognises: ({ value, fileName = '' }) => {
    if (!value) return false;
    if (typeof value.$schema === 'string' && /json-schema\.org/.test(value.$schema)) return true;
    return (
      /\.schema\.(json|ya?ml)$/i.test(fileName) || (value.type === 'object' && isObject(value.properties))
    );
  },
  read: readJsonSchema,
  compare: (old, next, options) =>
    old.digest === next.digest
      ? []
      : compareByMode(old.side, next.side, options.mode ?? 'BACKWARD', options.content),
  rules: modeRuleNames,
};

/**
 * Reads and checks a JSON Schema.
 * @throws InvalidInput for what is none, with every problem found and its pointer: another dialect, a pattern that is no
 * regular expression, a reference to nothing or in a circle.
 */
export function readJsonSchema({ value, text, fileName, problem }: Source): StandaloneSchema {
  if (!value) throw refused(fileName, { pointer: '', detail: problem ?? 'Expected JSON or YAML' });
  const bytes = Buffer.byteLength(text);
  if (bytes > schemaLimits.bytes)
    throw refused(fileName, {
      pointer: '',
      detail: `Expected a JSON Schema of at most ${schemaLimits.bytes} bytes, found ${bytes}`,
    });
  const dialect = dialectIn(value, fileName);
  const root = { schema: value, pointer: '', shared: {}, sharedPointer: '/definitions' };
  const schemas = [...everySchema(value)].length;
  const problems =
    schemas > schemaLimits.schemas
      ? [{ pointer: '', detail: `Expected at most ${schemaLimits.schemas} schemas, found ${schemas}` }]
      : schemaProblems(value, root, dialect);
  if (problems.length > 0) throw refused(fileName, ...problems);
  const { title, version, $id } = value;
  const textOf = (one: unknown) => (typeof one === 'string' && one !== '' ? one : undefined);
  return {
    kind: 'json-schema',
    format: dialect,
    title: textOf(title) ?? textOf($id) ?? 'JSON Schema',
    version: textOf(version),
    digest: hash('sha256', text),
    side: { root, dialect },
  };
}

function dialectIn({ $schema }: Exclude<JsonSchema, boolean>, fileName: string | undefined): Dialect {
  if ($schema === undefined) return '2020-12';
  const dialect = dialectOf($schema);
  if (dialect) return dialect;
  throw refused(fileName, {
    pointer: '/$schema',
    detail: `Expected ${Object.values(dialects).join(' or ')}, found ${JSON.stringify($schema)}`,
  });
}
