import { FlagdCore } from '@openfeature/flagd-core';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { compile } from './compile.ts';
import { type FlagDocument, parseDocument } from './document.ts';
import type { Context, Evaluation } from './evaluation.ts';
import type { JsonValue } from './json.ts';
import { InvalidFlagDocument } from './problems.ts';
import { conditions, contexts, targetings, VARIANTS } from './testing/arbitraries.ts';

// docs/flag-evaluation.md says of each difference that is left out of the arbitraries why it is one. RUNS=100000 for more.
const RUNS = Number(process.env.RUNS ?? 400);
const NOW = 1_790_000_000;
const QUIET = { error() {}, warn() {}, info() {}, debug() {} };

beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: NOW * 1_000 }));
afterEach(() => void vi.useRealTimers());

const said = (errorCode: unknown, ...answer: unknown[]) => (errorCode ? 'an error' : JSON.stringify(answer));
const ours = ({ errorCode, variant, reason, value, metadata }: Evaluation) =>
  said(errorCode, variant, reason, value, metadata);

/** flagd-core compiles targetings to code or interprets them, and the two do not always answer the same. */
function flagdCore(document: FlagDocument, disableDynamicCodeGeneration: boolean) {
  const core = new FlagdCore(undefined, QUIET, { disableDynamicCodeGeneration });
  core.setConfigurations(JSON.stringify(document));
  return (key: string, context: Context): string => {
    try {
      // Its type of a context knows fewer kinds of values than contexts hold.
      const found = core.getFlag(key)?.evaluate(context as never);
      return said(found?.errorCode, found?.variant, found?.reason, found?.value, found?.flagMetadata);
    } catch {
      return 'an error';
    }
  };
}

function accepted(document: unknown): FlagDocument | undefined {
  try {
    return parseDocument(document);
  } catch (error) {
    if (error instanceof InvalidFlagDocument) return undefined;
    throw error;
  }
}

/** Counts by what agrees, so that a test also sees that most documents say something. */
function compared(
  targeting: JsonValue,
  context: Context,
  counts: Map<string, number>,
  rules: object = {},
): void {
  const document = accepted({
    // A condition that code generation cannot foresee, so that it compiles all below it.
    flags: {
      flag: {
        state: 'ENABLED',
        variants: VARIANTS,
        defaultVariant: 'off',
        targeting: { if: [{ '!==': [{ var: 'unknown' }, 1] }, targeting, null] },
        metadata: { owner: 'shop' },
      },
    },
    metadata: { owner: 'nobody', environment: 'production' },
    ...rules,
  });
  const answer = document && ours(compile({ flags: document }).evaluate('flag', context, NOW));
  const kind = !answer || answer === 'an error' ? (answer ?? 'refused') : 'an answer';
  counts.set(kind, (counts.get(kind) ?? 0) + 1);
  if (!document || !answer) return;
  const theirs = [false, true].map((interpreted) => flagdCore(document, interpreted)('flag', context));
  if (theirs[0] !== theirs[1]) counts.set('two answers', (counts.get('two answers') ?? 0) + 1);
  if (!theirs.includes(answer)) expect(theirs).toContain(answer);
}

describe('the evaluator next to flagd-core', () => {
  it('answers as it does, in one of its two ways where they differ', () => {
    const counts = new Map<string, number>();
    const property = fc.property(targetings, contexts, (targeting, context) =>
      compared(targeting, context, counts),
    );
    fc.assert(property, { numRuns: RUNS });
    if (process.env.RUNS) console.log(Object.fromEntries(counts));
    expect(counts.get('an answer')).toBeGreaterThan(RUNS * 0.6);
  });

  it('puts shared rules in their places as it does', () => {
    const counts = new Map<string, number>();
    const property = fc.property(conditions, conditions, targetings, contexts, (a, b, targeting, context) => {
      // It puts them in one after the other: one that is named in another has to come after it.
      const $evaluators = { b: { and: [{ $ref: 'a' }, b] }, a: { '!': [a] } };
      compared({ if: [{ $ref: 'b' }, targeting, { $ref: 'a' }, 'on', 'off'] }, context, counts, {
        $evaluators,
      });
    });
    fc.assert(property, { numRuns: Math.ceil(RUNS / 4) });
    expect(counts.get('an answer')).toBeGreaterThan(RUNS * 0.1);
  });

  it('shares people out as it does, whatever the weights', () => {
    const weight = fc.oneof(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 2 ** 30 - 1 }));
    const user = fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(weight, weight, user, (on, other, targetingKey) => {
        fc.pre(on + other > 0);
        const targeting = {
          fractional: [
            ['on', on],
            ['other', other],
          ],
        }; // prettier-ignore
        const document = parseDocument({
          flags: { flag: { state: 'ENABLED', variants: VARIANTS, targeting } },
        });
        const answer = ours(compile({ flags: document }).evaluate('flag', { targetingKey }));
        expect(answer).toBe(flagdCore(document, false)('flag', { targetingKey }));
      }),
      { numRuns: RUNS },
    );
  });

  it('answers for all flags as it does', () => {
    const flag = { state: 'ENABLED' as const, variants: { on: 1, off: 2 } };
    const flags = parseDocument({
      flags: {
        static: { ...flag, defaultVariant: 'on' },
        targeted: { ...flag, defaultVariant: 'on', targeting: { if: [{ var: 'beta' }, 'off'] } },
        open: { ...flag, targeting: { if: [{ var: 'beta' }, 'off'] } },
        off: { ...flag, state: 'DISABLED', defaultVariant: 'on' },
      },
    });
    const core = new FlagdCore(undefined, QUIET);
    core.setConfigurations(JSON.stringify(flags));
    for (const context of [{}, { beta: true }]) {
      const all = compile({ flags }).evaluateAll(context);
      const valued = all.filter(({ value }) => value !== undefined);
      const theirs = core.resolveAll(context).map(({ flagKey, value, reason }) => [flagKey, value, reason]);
      expect(valued.map(({ key, value, reason }) => [key, value, reason])).toEqual(theirs);
    }
  });
});
