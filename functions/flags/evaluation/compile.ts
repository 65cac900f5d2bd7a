import { type CompiledFlag, compileFlag } from './compile-flag.ts';
import type { FlagDocument } from './document.ts';
import type { Context, Evaluation, Failed, FlagMetadata, KeyedEvaluation } from './evaluation.ts';
import { quoted } from './json.ts';
import { LIMITS } from './limits.ts';
import { Work } from './run.ts';

/**
 * Compiles documents for evaluation. The flags of the kill switches win over those of the environment, whole. It never
 * throws: a flag whose targeting cannot be compiled answers PARSE_ERROR, and the others serve.
 */
export function compile({
  flags,
  killSwitches,
}: {
  flags: FlagDocument;
  killSwitches?: FlagDocument;
}): FlagSet {
  const compiled = new Map<string, CompiledFlag>();
  for (const document of killSwitches ? [flags, killSwitches] : [flags]) {
    const shared = Object.freeze({ ...document.metadata });
    const rules = new Map(Object.entries(document.$evaluators ?? {}));
    const work = new Work();
    const budget = { document: LIMITS.documentTargetingNodes, targeting: 0 };
    for (const [key, flag] of Object.entries(document.flags)) {
      const metadata = flag.metadata ? Object.freeze({ ...shared, ...flag.metadata }) : shared;
      budget.targeting = LIMITS.targetingNodes;
      compiled.set(key, compileFlag(key, flag, { rules, budget, work, metadata }));
    }
  }
  return new FlagSet(compiled, Object.freeze({ ...flags.metadata }));
}

/** Flags that are ready to be evaluated. What it answers is frozen, and shared by all who get the same. */
export class FlagSet {
  /** What the environment's document says of itself. */
  readonly metadata: FlagMetadata;
  readonly #flags: ReadonlyMap<string, CompiledFlag>;
  readonly #work = new Work();

  constructor(flags: ReadonlyMap<string, CompiledFlag>, metadata: FlagMetadata) {
    this.#flags = flags;
    this.metadata = metadata;
  }

  /** The keys of all flags, those switched off included. */
  keys(): string[] {
    return [...this.#flags.keys()];
  }

  /**
   * Evaluates a flag. `now` is epoch seconds; targetings that ask for the time answer GENERAL without it. It does not
   * throw: what is wrong is an errorCode.
   */
  evaluate(key: string, context: Context, now?: number): Evaluation {
    const flag = this.#flags.get(key);
    if (flag === undefined) return this.#notFound(key);
    if (flag.always !== undefined) return flag.always;
    if (typeof context !== 'object' || context === null) return invalidContext(flag.metadata);
    this.#work.begin(context, now);
    try {
      return flag.run(context, this.#work);
    } catch (error) {
      return failed('GENERAL', messageOf(key, error), flag.metadata);
    }
  }

  /** Evaluates all flags, those included that are switched off or fail. */
  evaluateAll(context: Context, now?: number): KeyedEvaluation[] {
    return [...this.#flags.keys()].map((key) => ({ key, ...this.evaluate(key, context, now) }));
  }

  #notFound(key: string): Failed {
    return failed('FLAG_NOT_FOUND', `There is no flag ${quoted(key)}`, this.metadata);
  }
}

const failed = (errorCode: Failed['errorCode'], errorMessage: string, metadata: FlagMetadata): Failed => ({
  errorCode,
  errorMessage,
  metadata,
});

const invalidContext = (metadata: FlagMetadata) =>
  failed('INVALID_CONTEXT', 'The context is not an object with attributes', metadata);

function messageOf(key: string, error: unknown): string {
  const why = error instanceof Error ? error.message : String(error);
  return `The targeting of the flag ${quoted(key)} cannot be evaluated: ${why}`;
}
