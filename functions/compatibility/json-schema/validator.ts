import { Ajv, type ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { type Dialect, dialects, isObject, type JsonSchema } from './document.ts';
import { type Complaint, Interpreter, reads } from './interpreter.ts';
import type { Root } from './references.ts';
import { reachable, wordsOfAll } from './sameness.ts';

const options = { strict: false, validateSchema: false, logger: false, allErrors: true } as const;

function newAjv(dialect: Dialect): Ajv {
  const ajv = dialect === 'draft-07' ? new Ajv(options) : new Ajv2020(options);
  formats.default(ajv);
  return ajv;
}

/** One validator for each dialect: to make one takes longer than to compile a schema. */
const validators: Partial<Record<Dialect, Ajv>> = {};

function validatorFor(dialect: Dialect): Ajv {
  const known = validators[dialect] ?? newAjv(dialect);
  validators[dialect] = known;
  return known;
}

/** What the dialect's own schema says against `schema`: none when it is a JSON Schema. */
export function metaProblems(schema: JsonSchema, dialect: Dialect): { pointer: string; detail: string }[] {
  const meta = validatorFor(dialect).getSchema(dialects[dialect]);
  if (!meta) throw new Error(`The validator does not bring the schema of ${dialect}`);
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

/** One schema that says all that `side` says: the shared definitions that it leads to stand among its own. */
export function bundled({ root: { schema, shared } }: SchemaSide): JsonSchema {
  if (typeof schema === 'boolean') return schema;
  const { $schema: _, $id: __, ...rest } = schema;
  const used = [...reachable(schema, shared)].map((name) => [name, shared[name]]);
  const own = isObject(rest.definitions) ? rest.definitions : {};
  return { ...rest, definitions: { ...Object.fromEntries(used), ...own } };
}

/** Compiles a schema; undefined when it cannot be, for example because it refers to another document. */
export function compile(side: SchemaSide): ValidateFunction | undefined {
  const ajv = validatorFor(side.dialect);
  const schema = bundled(side);
  try {
    return ajv.compile(schema);
  } catch {
    return undefined;
  } finally {
    // The validator keeps whatever it compiled: for ever, without this.
    if (typeof schema === 'object') ajv.removeSchema(schema);
  }
}

/** What is wrong with a document: nothing when it is valid. */
export type Validate = (document: unknown) => readonly Complaint[];

/** A schema of more characters takes longer to be compiled than to be read for the few documents that are asked. */
const LARGE = 4_000;

/** A validator of a schema; undefined when there can be none, for example because it refers to another document. */
export function validatorOf(side: SchemaSide): Validate | undefined {
  const words = side.dialect === '2020-12' ? wordsOfAll(side.root, LARGE) : undefined;
  if (words && reads(words)) {
    const interpreter = new Interpreter(side.root, formatAccepts);
    return (document) => interpreter.validate(document);
  }
  const compiled = compile(side);
  return compiled && ((document) => (compiled(document) ? [] : complaintsOf(compiled)));
}

const complaintsOf = ({ errors }: ValidateFunction): Complaint[] =>
  (errors ?? []).map(({ keyword, instancePath, message = 'is not valid' }) => ({
    keyword,
    instancePath,
    message,
  }));

/** What a validator says first against a document: undefined when it is valid. */
export function firstProblem(side: SchemaSide, document: unknown): string | undefined {
  const validate = validatorOf(side);
  if (!validate) return 'the schema refers to what is not there, so that no document can be checked';
  const [first] = validate(document);
  return first && problemText(first);
}

/** An error of a validator in words: where, and what. */
export function problemText(
  error: { instancePath: string; message?: string | undefined } | undefined,
): string {
  return `${error?.instancePath || 'the document'} ${error?.message ?? 'is not valid'}`;
}

const formatChecks = new Map<string, ValidateFunction | undefined>();

/** Whether a text has a format of the specification; unknown for other formats, which validators let pass. */
export function formatAccepts(format: string, text: string): boolean | 'unknown' {
  if (!formatChecks.has(format) && formatChecks.size < 1_000) {
    const ajv = validatorFor('2020-12');
    formatChecks.set(format, ajv.formats[format] ? ajv.compile({ format }) : undefined);
  }
  return formatChecks.get(format)?.(text) ?? 'unknown';
}
