import { Ajv, type ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { type Dialect, dialects, isObject, type JsonSchema } from './document.ts';
import type { Root } from './references.ts';

const options = { strict: false, validateSchema: false, logger: false, allErrors: false } as const;

/** A fresh validator of a dialect, with the formats of the specification. It keeps what it compiled: one for each contract. */
export function validatorOf(dialect: Dialect): Ajv {
  const ajv = dialect === 'draft-07' ? new Ajv(options) : new Ajv2020(options);
  formats.default(ajv);
  return ajv;
}

let metaSchemas: Partial<Record<Dialect, ValidateFunction>> = {};

/** What the dialect's own schema says against `schema`: none when it is a JSON Schema. */
export function metaProblems(schema: JsonSchema, dialect: Dialect): { pointer: string; detail: string }[] {
  let meta = metaSchemas[dialect];
  if (!meta) {
    meta = validatorOf(dialect).getSchema(dialects[dialect]);
    if (!meta) throw new Error(`The validator does not bring the schema of ${dialect}`);
    metaSchemas = { ...metaSchemas, [dialect]: meta };
  }
  if (meta(schema)) return [];
  return (meta.errors ?? []).map(({ instancePath, message, params }) => ({
    pointer: instancePath,
    detail: `${message ?? 'is not valid'}${'allowedValues' in params ? `: ${params.allowedValues}` : ''}`,
  }));
}

/** A schema with all that it needs to be read. */
export interface SchemaSide {
  root: Root;
  dialect: Dialect;
}

/** One schema that says all that `side` says: the shared definitions stand among its own. */
export function bundled({ root: { schema, shared } }: SchemaSide): JsonSchema {
  if (typeof schema === 'boolean') return schema;
  const { $schema: _, $id: __, ...rest } = schema;
  return { ...rest, definitions: { ...shared, ...(isObject(rest.definitions) ? rest.definitions : {}) } };
}

/** Compiles a schema; undefined when it cannot be, for example because it refers to another document. */
export function compile(side: SchemaSide): ValidateFunction | undefined {
  try {
    return validatorOf(side.dialect).compile(bundled(side));
  } catch {
    return undefined;
  }
}

/** What a validator says first against a document: undefined when it is valid. */
export function firstProblem(side: SchemaSide, document: unknown): string | undefined {
  const validate = compile(side);
  if (!validate) return 'the schema refers to what is not there, so that no document can be checked';
  return validate(document) ? undefined : problemOf(validate);
}

/** The last verdict of a validator in words: where, and what. */
export function problemOf(validate: ValidateFunction): string {
  const [error] = validate.errors ?? [];
  return `${error?.instancePath || 'the document'} ${error?.message ?? 'is not valid'}`;
}
