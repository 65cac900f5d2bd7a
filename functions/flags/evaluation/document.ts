import { z } from 'zod';
import { compileExpression } from './compile-expression.ts';
import type { Expression } from './expression.ts';
import { isObject, type JsonObject, type JsonValue, quoted, shown } from './json.ts';
import { LIMITS } from './limits.ts';
import { checkOutline, isForbiddenName } from './outline.ts';
import { below, InvalidFlagDocument, type Place, Problems } from './problems.ts';
import { readExpression } from './read-targeting.ts';
import type { Reading } from './reading.ts';
import { Work } from './run.ts';
import { checkVariants } from './variants.ts';

/** Whatever JSON may hold; what is parsed here was looked through before. */
const json = z.custom<JsonValue>((value) => value !== undefined);
const jsonObject = z.custom<JsonObject>((value) => isObject(value), { error: 'expected an object' });
const metadata = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));

/** A flag as flagd defines it. */
const flagDefinition = z.strictObject({
  state: z.enum(['ENABLED', 'DISABLED']),
  variants: z.record(z.string(), json),
  /** The variant of all whom targeting gives none; without it they get their own default. */
  defaultVariant: z.string().nullish(),
  targeting: jsonObject.optional(),
  metadata: metadata.optional(),
});

/** A document of flags as flagd defines it: https://flagd.dev/reference/flag-definitions/ */
const flagDocument = z.strictObject({
  $schema: z.string().optional(),
  flags: z.record(z.string(), flagDefinition),
  $evaluators: z.record(z.string(), jsonObject).optional(),
  metadata: metadata.optional(),
});

export type FlagDefinition = z.infer<typeof flagDefinition>;
export type FlagDocument = z.infer<typeof flagDocument>;

/**
 * Reads a document of flags. Throws InvalidFlagDocument, which names all that is wrong, up to a hundred problems.
 * Nothing in it can end the process: its depth, its size and its names are looked at before anything else.
 */
export function parseDocument(value: unknown): FlagDocument {
  const problems = new Problems();
  checkOutline(value, problems);
  if (problems.found.length > 0) throw new InvalidFlagDocument(problems.found);
  const parsed = flagDocument.safeParse(value);
  if (!parsed.success) {
    for (const issue of parsed.error.issues) addIssue(issue, value, problems);
    throw new InvalidFlagDocument(problems.found);
  }
  checkContent(parsed.data, problems);
  if (problems.found.length > 0) throw new InvalidFlagDocument(problems.found);
  return parsed.data;
}

function addIssue(issue: z.core.$ZodIssue, value: unknown, problems: Problems): void {
  const steps = issue.path.map((step) => (typeof step === 'symbol' ? String(step) : step));
  let place: Place | undefined;
  let found = value;
  for (const step of steps) {
    place = below(place, step);
    found = isObject(found) ? found[step] : undefined;
  }
  if (issue.code === 'unrecognized_keys') {
    const known = steps.length === 0 ? flagDocument : flagDefinition;
    const expected = `only ${Object.keys(known.shape).join(', ')}`;
    for (const key of issue.keys) problems.add(below(place, key), expected, quoted(key));
    return;
  }
  const expected = issue.message
    .replace(/^Invalid (?:input|option): expected /, '')
    .replace(/, received .*$/, '');
  problems.add(place, expected.replace(/^expected /, ''), shown(found));
}

function checkContent({ flags, $evaluators = {} }: FlagDocument, problems: Problems): void {
  const place = below(undefined, 'flags');
  const keys = Object.keys(flags);
  if (keys.length > LIMITS.flags) problems.add(place, `at most ${LIMITS.flags} flags`, `${keys.length}`);
  const budget = { document: LIMITS.documentTargetingNodes, targeting: 0 };
  const work = new Work();
  const rules = new Map(Object.entries($evaluators));
  const read = (targeting: JsonObject, flag: string, inside: readonly string[], at: Place) => {
    const known = problems.found.length;
    if (Object.keys(targeting).length === 0) return;
    budget.targeting = LIMITS.targetingNodes;
    const reading: Reading = { flag, rules, inside, problems, budget, failed: false };
    const expression = readExpression(targeting, reading, { place: at, depth: 0, inContext: true });
    return problems.found.length === known ? expression : undefined;
  };
  for (const [name, rule] of rules) {
    const at = below(below(undefined, '$evaluators'), name);
    checkName(name, at, problems);
    read(rule, '', [name], at);
  }
  for (const [key, flag] of Object.entries(flags)) {
    const at = below(place, key);
    checkName(key, at, problems);
    checkVariantsOf(flag, at, problems);
    const expression = flag.targeting && read(flag.targeting, key, [], below(at, 'targeting'));
    if (!expression) continue;
    checkComputable(expression, work, below(at, 'targeting'), problems);
    checkVariants(expression, new Set(Object.keys(flag.variants)), problems);
    if (problems.full) return;
  }
}

/** What is the same for everyone is computed once, and may fail for everyone. */
function checkComputable(targeting: Expression, work: Work, place: Place, problems: Problems): void {
  try {
    compileExpression(targeting, work);
  } catch (error) {
    problems.add(place, 'parts that can be computed', error instanceof Error ? error.message : String(error));
  }
}

function checkName(name: string, place: Place, problems: Problems): void {
  const bytes = Buffer.byteLength(name);
  if (bytes === 0 || bytes > LIMITS.keyBytes || isForbiddenName(name)) {
    problems.add(
      place,
      `a name of 1 to ${LIMITS.keyBytes} bytes`,
      bytes === 0 ? 'an empty name' : `one of ${bytes} bytes`,
    );
  }
}

function checkVariantsOf({ variants, defaultVariant }: FlagDefinition, at: Place, problems: Problems): void {
  const names = Object.keys(variants);
  const place = below(at, 'variants');
  if (names.length === 0 || names.length > LIMITS.variantsPerFlag) {
    problems.add(place, `1 to ${LIMITS.variantsPerFlag} variants`, `${names.length}`);
  }
  const [first] = Object.values(variants);
  for (const [name, value] of Object.entries(variants)) {
    checkName(name, below(place, name), problems);
    if (value === null || typeof value !== typeof first) {
      const kind = first === null || first === undefined ? 'boolean, string, number or object' : typeof first;
      problems.add(
        below(place, name),
        `a value of type ${kind}, as all of a flag have one type`,
        shown(value),
      );
    }
  }
  if (typeof defaultVariant === 'string' && !names.includes(defaultVariant)) {
    const expected = `one of the variants ${names.slice(0, 10).map(quoted).join(', ')}`;
    problems.add(below(at, 'defaultVariant'), expected, quoted(defaultVariant));
  }
}
