import type { ValidateFunction } from 'ajv';
import { dialectOf, type JsonSchema } from '#compatibility/json-schema/document.ts';
import { compile, type SchemaSide } from '#compatibility/json-schema/validator.ts';
import { schemaProblems } from '#compatibility/json-schema/validity.ts';
import { type FieldProblem, InvalidInput } from '#platform/errors.ts';

/** What a value does wrong: the rule of its schema, where in the value, and what was expected. */
export interface Broken {
  rule: string;
  pointer: string;
  detail: string;
}

/** At most this many are named of one value. */
const mostNamed = 10;

const sideOf = (schema: JsonSchema): SchemaSide => ({
  root: { schema, pointer: '', shared: {}, sharedPointer: '/definitions' },
  dialect: (typeof schema === 'boolean' ? undefined : dialectOf(schema.$schema)) ?? '2020-12',
});

/** Throws InvalidInput when it is no JSON Schema of 2020-12 or draft-07, or refers to what is not in it. */
export function assertSchema(schema: JsonSchema, pointer: string): void {
  const problems: FieldProblem[] = [];
  if (typeof schema === 'object' && schema.$schema !== undefined && dialectOf(schema.$schema) === undefined) {
    problems.push({
      pointer: `${pointer}/$schema`,
      detail: `Expected JSON Schema 2020-12 or draft-07, found ${JSON.stringify(schema.$schema)}`,
    });
  } else {
    const side = sideOf(schema);
    for (const problem of schemaProblems(schema, side.root, side.dialect))
      problems.push({ pointer: pointer + problem.pointer, detail: problem.detail });
    if (problems.length === 0 && compile(side) === undefined)
      problems.push({ pointer, detail: 'Expected a schema whose references stay inside of it' });
  }
  if (problems.length === 0) return;
  throw new InvalidInput(`${problems[0]?.pointer}: ${problems[0]?.detail}`, {
    problems,
    action: 'Correct the schema, then send it again.',
  });
}

/** Schemas compiled in this process, by their text. */
const compiled = new Map<string, ValidateFunction>();
const mostKept = 500;

function validatorOf(schema: JsonSchema): ValidateFunction | undefined {
  const text = JSON.stringify(schema);
  const known = compiled.get(text);
  if (known !== undefined) return known;
  const made = compile(sideOf(schema));
  if (made === undefined) return undefined;
  if (compiled.size >= mostKept) compiled.clear();
  compiled.set(text, made);
  return made;
}

/** What a value does wrong by a schema, at most 10 things; nothing when it fits. */
export function brokenBy(schema: JsonSchema, value: unknown): Broken[] {
  const validate = validatorOf(schema);
  if (validate === undefined)
    return [{ rule: 'schema', pointer: '', detail: 'the schema cannot be compiled any more' }];
  if (validate(value)) return [];
  return (validate.errors ?? []).slice(0, mostNamed).map(({ keyword, instancePath, message, params }) => ({
    rule: keyword,
    pointer: instancePath,
    detail: `${message ?? 'is not valid'}${'allowedValues' in params ? `: ${JSON.stringify(params.allowedValues)}` : ''}`,
  }));
}
