import type { Lambda } from '../lambda/runtime.ts';
import { badRequest, invalidConfiguration } from './failures.ts';
import type { ValidatorRecord } from './model.ts';

/** How long a function may take over a configuration. */
const longestMs = 15_000;
/** Characters of an inline schema. */
const longestSchema = 32_768;
const draft4 = 'http://json-schema.org/draft-04/schema';
/** Not in draft 4, and so nothing that AppConfig would look at. */
const later = new Set([
  'const',
  'contains',
  'propertyNames',
  'if',
  'then',
  'else',
  '$id',
  '$defs',
  '$anchor',
]);
const nested = new Set(['properties', 'patternProperties', 'definitions', 'dependencies']);

/** Throws an error that names the first keyword of a schema which draft 4 does not have. */
function refuseLater(schema: unknown, path = ''): void {
  if (Array.isArray(schema)) for (const [at, one] of schema.entries()) refuseLater(one, `${path}/${at}`);
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) return;
  for (const [keyword, value] of Object.entries(schema)) {
    if (later.has(keyword) || (/^exclusive(Min|Max)imum$/.test(keyword) && typeof value !== 'boolean'))
      throw new Error(`${path}/${keyword} is not a keyword of draft 4`);
    if (keyword === 'enum' || keyword === 'default') continue;
    if (!nested.has(keyword)) refuseLater(value, `${path}/${keyword}`);
    else if (typeof value === 'object' && value !== null)
      for (const [name, one] of Object.entries(value)) refuseLater(one, `${path}/${keyword}/${name}`);
  }
}

/** Loaded when it is needed: most platforms start without a schema to look at. */
async function compiled(content: string) {
  const { Ajv } = await import('ajv');
  const schema: unknown = JSON.parse(content);
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema))
    throw new Error('it is not an object');
  const { $schema, ...rest }: Record<string, unknown> = { ...schema };
  if ($schema !== undefined && String($schema).replace(/#$/, '') !== draft4)
    throw new Error(`its $schema is ${String($schema)}, expected ${draft4}#`);
  refuseLater(rest);
  return new Ajv({ allErrors: true, strictSchema: true }).compile(rest);
}

/**
 * The validators of a profile as it is made: at most two. Throws BadRequestException for a schema that AppConfig would
 * not take, which is any but draft 4:
 * https://docs.aws.amazon.com/appconfig/latest/userguide/appconfig-creating-configuration-and-profile-validators.html
 */
export async function checkValidators(validators: readonly ValidatorRecord[]): Promise<void> {
  if (validators.length > 2)
    throw badRequest(`A configuration profile has at most 2 validators, these are ${validators.length}`);
  for (const { Type, Content } of validators) {
    if (Type === 'LAMBDA') {
      if (!/^arn:aws[\w-]*:lambda:/.test(Content))
        throw badRequest(`'${Content}' is not the ARN of a function`);
      continue;
    }
    if (Content.length > longestSchema)
      throw badRequest(
        `An inline schema has at most ${longestSchema} characters, this has ${Content.length}`,
      );
    try {
      await compiled(Content);
    } catch (error) {
      throw badRequest(
        `The schema of a validator cannot be used: ${error instanceof Error ? error.message : String(error)}; AppConfig takes JSON Schema draft 4, and a function for whatever needs more`,
      );
    }
  }
}

/** Throws BadRequestException with what a validator found wrong with a configuration. */
export async function validate(
  validators: readonly ValidatorRecord[],
  configuration: { applicationId: string; profileId: string; version: string; content: Uint8Array },
  invoke: Lambda['invoke'],
): Promise<void> {
  const content = Buffer.from(configuration.content);
  for (const { Type, Content } of validators) {
    if (Type === 'LAMBDA') {
      const answer = await invoke(
        Content,
        {
          applicationId: configuration.applicationId,
          configurationProfileId: configuration.profileId,
          configurationVersion: configuration.version,
          content: content.toString('base64'),
          uri: 'hosted',
        },
        { timeoutMs: longestMs },
      );
      if ('errorType' in answer) {
        throw invalidConfiguration([
          { Type: 'LAMBDA', Reason: answer.errorMessage, Value: answer.errorType, Location: '' },
        ]);
      }
      continue;
    }
    let value: unknown;
    try {
      value = JSON.parse(content.toString('utf8'));
    } catch {
      throw invalidConfiguration([{ Type: 'JSON_SCHEMA', Reason: 'is not JSON', Location: '' }]);
    }
    const check = await compiled(Content);
    if (check(value)) continue;
    throw invalidConfiguration(
      (check.errors ?? []).slice(0, 20).map(({ keyword, instancePath, message }) => ({
        Type: 'JSON_SCHEMA',
        Constraint: keyword,
        Location: instancePath,
        Reason: message,
      })),
    );
  }
}
