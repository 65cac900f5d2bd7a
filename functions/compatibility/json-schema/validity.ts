import { type Dialect, dialectOf, isObject, type JsonSchema } from './document.ts';
import { everySchema, isLocal, type Root, resolve } from './references.ts';
import { metaProblems } from './validator.ts';

export interface SchemaProblem {
  /** RFC 6901, from the schema on. */
  pointer: string;
  detail: string;
}

/** At most this many problems are told at once: a person mends the first ones first. */
const MOST = 20;

/**
 * What keeps `schema` from being a schema of `dialect` that can be compared: what the dialect forbids, patterns that are
 * no regular expressions, references that lead nowhere or in a circle, another `$schema`. None when all is well.
 * `root` is where its references lead.
 */
export function schemaProblems(schema: JsonSchema, root: Root, dialect: Dialect): SchemaProblem[] {
  const problems = metaProblems(schema, dialect);
  if (problems.length > 0) return problems;
  for (const one of everySchema(schema)) {
    if (typeof one.schema !== 'boolean') problems.push(...inOne(one.schema, one.pointer, root, dialect));
    if (problems.length >= MOST) break;
  }
  return problems.slice(0, MOST);
}

function inOne(
  schema: Exclude<JsonSchema, boolean>,
  pointer: string,
  root: Root,
  dialect: Dialect,
): SchemaProblem[] {
  const problems: SchemaProblem[] = [];
  const say = (key: string, detail: string) => problems.push({ pointer: `${pointer}/${key}`, detail });
  const { $ref, $schema, pattern, patternProperties } = schema;
  if ($schema !== undefined && dialectOf($schema) !== dialect) {
    say('$schema', `Expected ${dialect} like the rest of the contract, found ${JSON.stringify($schema)}`);
  }
  if (typeof pattern === 'string' && !isRegExp(pattern)) {
    say(
      'pattern',
      `Expected a regular expression of ECMA-262 with the flag u, found ${JSON.stringify(pattern)}`,
    );
  }
  for (const one of isObject(patternProperties) ? Object.keys(patternProperties) : []) {
    if (!isRegExp(one)) say('patternProperties', `Expected regular expressions of ECMA-262, found ${one}`);
  }
  if (typeof $ref === 'string' && isLocal($ref)) {
    const wrong = brokenReference($ref, root);
    if (wrong) say('$ref', wrong);
  }
  return problems;
}

/** References that lead only to references never say anything; what they lead to may well contain itself. */
function brokenReference(reference: string, root: Root): string | undefined {
  const seen = new Set<string>();
  let next: unknown = reference;
  while (typeof next === 'string' && isLocal(next)) {
    if (seen.has(next)) return `${reference} leads back to itself: ${[...seen, next].join(' → ')}`;
    seen.add(next);
    const target = resolve(next, root);
    if (!target) return `Expected a schema at ${next}, found nothing there`;
    next = isObject(target.schema) ? target.schema.$ref : undefined;
  }
  return undefined;
}

function isRegExp(pattern: string): boolean {
  try {
    new RegExp(pattern, 'u');
    return true;
  } catch {
    return false;
  }
}
