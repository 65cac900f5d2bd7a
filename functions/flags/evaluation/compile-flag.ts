import { compileExpression } from './compile-expression.ts';
import type { FlagDefinition } from './document.ts';
import type { Context, Evaluation, FlagMetadata, Resolved } from './evaluation.ts';
import { type JsonValue, quoted } from './json.ts';
import { readExpression } from './read-targeting.ts';
import type { Reading } from './reading.ts';
import type { Work } from './run.ts';

/** A flag that answers the same to everyone (`always`), or has to be asked. */
export type CompiledFlag =
  | { always: Evaluation; metadata: FlagMetadata }
  | { always?: undefined; metadata: FlagMetadata; run: (context: Context, work: Work) => Evaluation };

interface Around {
  rules: Reading['rules'];
  budget: Reading['budget'];
  metadata: FlagMetadata;
}

/** Compiles one flag; its answers are made beforehand, one for each variant and reason. */
export function compileFlag(
  key: string,
  flag: FlagDefinition,
  { rules, budget, metadata }: Around,
): CompiledFlag {
  if (flag.state === 'DISABLED') {
    return { metadata, always: Object.freeze({ reason: 'DISABLED' as const, metadata }) };
  }
  const answers = answersOf(flag, metadata);
  const { targeting } = flag;
  if (!targeting || Object.keys(targeting).length === 0)
    return { metadata, always: answers.byDefault('STATIC') };
  const reading: Reading = { flag: key, rules, inside: [], problems: undefined, budget, failed: false };
  try {
    const expression = readExpression(targeting, reading, { place: undefined, depth: 0, inContext: true });
    if (reading.failed) throw new Error('it is not what flagd takes');
    const { run } = compileExpression(expression);
    return {
      metadata,
      run: (context, work) => {
        const result = run(context, work);
        if (result === null || result === undefined) return answers.byDefault('DEFAULT');
        return answers.matching(String(result)) ?? unknownVariant(String(result), metadata);
      },
    };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const errorMessage = `The targeting of the flag ${quoted(key)} cannot be compiled: ${why}`;
    return { metadata, always: Object.freeze({ errorCode: 'PARSE_ERROR' as const, errorMessage, metadata }) };
  }
}

const unknownVariant = (variant: string, metadata: FlagMetadata): Evaluation => ({
  errorCode: 'GENERAL',
  errorMessage: `The targeting gives the variant ${quoted(variant)}, which the flag does not have`,
  metadata,
});

function answersOf(flag: FlagDefinition, metadata: FlagMetadata) {
  const values = new Map(Object.entries(flag.variants).map(([name, value]) => [name, frozen(value)]));
  const answer = (variant: string, reason: Resolved['reason']): Evaluation => {
    const value = values.get(variant);
    return value === undefined
      ? unknownVariant(variant, metadata)
      : Object.freeze({ value, variant, reason, metadata });
  };
  const matches = new Map([...values.keys()].map((name) => [name, answer(name, 'TARGETING_MATCH')]));
  const { defaultVariant } = flag;
  const none: Evaluation = Object.freeze({ reason: 'DEFAULT' as const, metadata });
  const [fixed, otherwise] = defaultVariant
    ? [answer(defaultVariant, 'STATIC'), answer(defaultVariant, 'DEFAULT')]
    : [none, none];
  return {
    matching: (variant: string) => matches.get(variant),
    byDefault: (reason: 'STATIC' | 'DEFAULT') => (reason === 'STATIC' ? fixed : otherwise),
  };
}

/** A copy that nobody changes for others. */
function frozen(value: JsonValue): JsonValue {
  if (typeof value !== 'object' || value === null) return value;
  const copy: JsonValue = structuredClone(value);
  const freeze = (inner: JsonValue): void => {
    if (typeof inner !== 'object' || inner === null) return;
    Object.freeze(inner);
    for (const each of Object.values(inner)) freeze(each);
  };
  freeze(copy);
  return copy;
}
