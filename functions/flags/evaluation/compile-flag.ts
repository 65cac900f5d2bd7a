import { type Answer, type AnswerOf, compileAnswer } from './compile-answer.ts';
import { compileExpression } from './compile-expression.ts';
import type { FlagDefinition } from './document.ts';
import type { Evaluation, FlagMetadata, Resolved } from './evaluation.ts';
import { type JsonValue, quoted } from './json.ts';
import { readExpression } from './read-targeting.ts';
import type { Reading } from './reading.ts';
import type { Work } from './run.ts';

/** A flag that answers the same to everyone (`always`), or has to be asked. */
export interface CompiledFlag {
  readonly always: Evaluation | undefined;
  readonly metadata: FlagMetadata;
  readonly run: Answer;
}

interface Around {
  rules: Reading['rules'];
  budget: Reading['budget'];
  /** For what is computed beforehand. */
  work: Work;
  metadata: FlagMetadata;
}

/** Compiles one flag; its answers are made beforehand, one for each variant and reason. */
export function compileFlag(key: string, flag: FlagDefinition, around: Around): CompiledFlag {
  const { rules, budget, metadata, work } = around;
  const always = (answer: Evaluation): CompiledFlag => ({
    always: Object.freeze(answer),
    metadata,
    run: () => answer,
  });
  if (flag.state === 'DISABLED') return always({ reason: 'DISABLED', metadata });
  const { targeting } = flag;
  if (!targeting || Object.keys(targeting).length === 0) return always(byDefault(flag, 'STATIC', metadata));
  const reading: Reading = { flag: key, rules, inside: [], problems: undefined, budget, failed: false };
  try {
    const expression = readExpression(targeting, reading, { place: undefined, depth: 0, inContext: true });
    if (reading.failed) throw new Error('it is not what flagd takes');
    return {
      always: undefined,
      metadata,
      run: compileAnswer(expression, answersOf(flag, metadata), (part) => compileExpression(part, work)),
    };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const errorMessage = `The targeting of the flag ${quoted(key)} cannot be compiled: ${why}`;
    return always({ errorCode: 'PARSE_ERROR', errorMessage, metadata });
  }
}

const unknownVariant = (variant: string, metadata: FlagMetadata): Evaluation => ({
  errorCode: 'GENERAL',
  errorMessage: `The targeting gives the variant ${quoted(variant)}, which the flag does not have`,
  metadata,
});

function answer(
  flag: FlagDefinition,
  variant: string,
  reason: Resolved['reason'],
  metadata: FlagMetadata,
): Evaluation {
  const value = Object.hasOwn(flag.variants, variant) ? flag.variants[variant] : undefined;
  if (value === undefined) return unknownVariant(variant, metadata);
  return Object.freeze({ value: frozen(value), variant, reason, metadata });
}

const byDefault = (flag: FlagDefinition, reason: 'STATIC' | 'DEFAULT', metadata: FlagMetadata): Evaluation =>
  flag.defaultVariant
    ? answer(flag, flag.defaultVariant, reason, metadata)
    : Object.freeze({ reason: 'DEFAULT' as const, metadata });

/** The answer for what targeting gives: nothing, a variant, or what flagd takes for the name of one. */
function answersOf(flag: FlagDefinition, metadata: FlagMetadata): AnswerOf {
  const matches = new Map<string, Evaluation>();
  for (const name of Object.keys(flag.variants))
    matches.set(name, answer(flag, name, 'TARGETING_MATCH', metadata));
  return looked(matches, byDefault(flag, 'DEFAULT', metadata), metadata);
}

// A function of its own, so that what it gives holds nothing but this, and the document can go.
function looked(
  matches: ReadonlyMap<string, Evaluation>,
  nothing: Evaluation,
  metadata: FlagMetadata,
): AnswerOf {
  return (result) => {
    if (result === null || result === undefined) return nothing;
    const variant = String(result);
    return matches.get(variant) ?? unknownVariant(variant, metadata);
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
