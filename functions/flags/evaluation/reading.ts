import type { Expression } from './expression.ts';
import type { JsonValue } from './json.ts';
import { below, type Place, type Problems } from './problems.ts';

export interface Budget {
  document: number;
  targeting: number;
  /** What was wrong inside a shared rule only because of where it stands; said where the rule is named. */
  inRule?: { expected: string; found: string } | undefined;
}

/** What is known while a targeting is read. */
export interface Reading {
  /** The key of the flag, which `$flagd.flagKey` stands for. */
  flag: string;
  /** The shared rules of the document. */
  rules: ReadonlyMap<string, JsonValue>;
  /** The names of those that are being put in their places: none may contain itself. */
  inside: readonly string[];
  /** Nothing where what is wrong is said elsewhere: inside a shared rule, at the rule, once. */
  problems: Problems | undefined;
  /** What may still be read of the document, and of this targeting: both count shared rules as often as they stand. */
  budget: Budget;
  /** Whether anything was wrong. */
  failed: boolean;
}

/** Where in the targeting: inside a list operator, `var` reads the element and no longer the context. */
export interface Spot {
  place: Place | undefined;
  depth: number;
  inContext: boolean;
}

export const stepTo = (spot: Spot, name: string | number): Spot => ({
  ...spot,
  place: below(spot.place, name),
});

export const NOTHING: Expression = { kind: 'literal', value: null, place: undefined };

/** Says what is wrong; what was read is thrown away with all that it stands in. */
export function wrong(reading: Reading, spot: Spot, expected: string, found: string): Expression {
  reading.failed = true;
  reading.problems?.add(spot.place, expected, found);
  return NOTHING;
}

/** Says what is wrong with how rules stand in each other: what is named in a rule is no fault of that rule alone. */
export function wrongTogether(reading: Reading, spot: Spot, expected: string, found: string): Expression {
  if (!reading.problems) reading.budget.inRule ??= { expected, found };
  return wrong(reading, spot, expected, found);
}
