import type { Alternative, Node } from './alternatives.ts';
import { canonical } from './document.ts';
import type { Nodes } from './nodes.ts';
import type { KindName } from './rules.ts';
import type { Samples } from './sample.ts';

/** One step from a document into it: by a property or an item of this way to be valid. */
export interface Step {
  alternative: Alternative;
  property?: string;
  item?: number;
  /** How the field is told: a name, or `*` for every item and every property that nothing names. */
  field: string;
}

/** Something that documents of one side may be and documents of the other may not. */
export interface Difference {
  kind: KindName;
  /** What tells it from others of its kind at the same place: a value, a pattern, a name. */
  subject: string;
  trail: readonly Step[];
  /** The place in both. */
  a: Node;
  b: Node;
  /** What both say, in words. */
  inA: string;
  inB: string;
  /** Values of the place, some of which are likely to be allowed by the one and refused by the other. */
  values: () => unknown[];
}

/** A difference as the comparison of two alternatives finds it, before it is known where they stand. */
export type Found = Pick<Difference, 'kind' | 'inA' | 'inB' | 'values'> &
  Partial<Pick<Difference, 'subject'>>;

/** The comparison of two sides under way. */
export interface Comparison {
  a: Nodes;
  b: Nodes;
  /** Documents of `a`. */
  samples: Samples;
  /** Whether both are made of schemas of the same words: a way picked from `a` fits what all of it fits. */
  same: (a: Node, b: Node) => boolean;
  /** What differs one step below. */
  under: (step: Step, a: Node, b: Node) => Difference[];
}

export const below = (step: Step, differences: readonly Difference[]): Difference[] =>
  differences.map((one) => ({ ...one, trail: [step, ...one.trail] }));

/** That a property is declared where the other side was open, which hurts nobody who sends and reads what is declared. */
export const isLenient = ({ kind }: { kind: KindName }): boolean => kind === 'property-optional';

/** More are not told of one place: a person mends the first ones first. */
export const MOST = 200;

/** A value in a message: short. */
export function told(value: unknown): string {
  // Of a long text the beginning is enough.
  const text = canonical(typeof value === 'string' ? value.slice(0, 100) : value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
