import type { ValidateFunction } from 'ajv';
import { dialectOf, type JsonSchema } from '#compatibility/json-schema/document.ts';
import { compile, problemText, type SchemaSide } from '#compatibility/json-schema/validator.ts';
import { InvalidInput } from '#platform/errors.ts';

/** The schema of a body by itself; 2020-12 unless it says otherwise. */
export const schemaSide = (schema: JsonSchema): SchemaSide => ({
  root: { schema, pointer: '', shared: {}, sharedPointer: '/definitions' },
  dialect: (typeof schema === 'boolean' ? undefined : dialectOf(schema.$schema)) ?? '2020-12',
});

const mostNamed = 50;

/** Holds documents against the schemas of endpoints, each compiled when the first request needs it. */
export function requestValidator(schemas: Readonly<Record<string, JsonSchema>>) {
  const compiled = new Map<string, ValidateFunction | undefined>();
  return {
    has: (endpoint: string): boolean => Object.hasOwn(schemas, endpoint),
    /** Throws InvalidInput naming the fields, at most 50. */
    check(endpoint: string, document: unknown): void {
      const schema = Object.hasOwn(schemas, endpoint) ? schemas[endpoint] : undefined;
      if (schema === undefined) return;
      if (!compiled.has(endpoint)) compiled.set(endpoint, compile(schemaSide(schema)));
      const validate = compiled.get(endpoint);
      if (validate === undefined || validate(document)) return;
      const problems = (validate.errors ?? []).slice(0, mostNamed).map((error) => ({
        pointer: `/body${error.instancePath}`,
        detail: error.message ?? 'is not valid',
      }));
      throw new InvalidInput(`The body does not fit ${endpoint}: ${problemText(validate.errors?.[0])}`, {
        problems,
        action: 'Correct the fields that `errors` names, then send it again.',
      });
    },
  };
}
