import type { JsonValue } from './json.ts';
import type { Place } from './problems.ts';

/** Operators whose arguments are evaluated first, and which see nothing else. */
export type PlainOperator =
  | '=='
  | '==='
  | '!='
  | '!=='
  | '<'
  | '<='
  | '>'
  | '>='
  | '!'
  | '!!'
  | '+'
  | '-'
  | '*'
  | '/'
  | '%'
  | 'min'
  | 'max'
  | 'in'
  | 'cat'
  | 'substr'
  | 'merge'
  | 'starts_with'
  | 'ends_with'
  | 'sem_ver'; // prettier-ignore

/** Those of them whose arguments may also come as one list. */
export type SpreadOperator = '+' | '-' | 'min' | 'max' | 'cat' | 'merge';
export type LazyOperator = 'and' | 'or' | 'if';
export type ListOperator = 'map' | 'filter' | 'all' | 'some' | 'none';

/** A bucket of `fractional`: who falls into it gets the variant. */
export interface Bucket {
  variant: Expression;
  weight: Expression;
}

/** A targeting as it is compiled: shared rules are in their places, names of flags and paths are read. */
export type Expression =
  | { kind: 'literal'; value: JsonValue; place: Place | undefined }
  | { kind: 'list'; items: Expression[] }
  /** An attribute of the context or, inside a list operator, of the element. */
  | { kind: 'read'; path: readonly string[]; fallback: JsonValue }
  /** The context itself or, inside a list operator, the element. */
  | { kind: 'data'; isContext: boolean }
  | { kind: 'timestamp' }
  | { kind: 'missing'; names: Expression; isContext: boolean }
  | { kind: 'missing_some'; needed: Expression; names: Expression; isContext: boolean }
  | { kind: 'call'; operator: PlainOperator; arguments: Expression[] }
  /** The one argument may be a list of the arguments, once it is evaluated. */
  | { kind: 'spread'; operator: SpreadOperator; argument: Expression }
  | { kind: 'lazy'; operator: LazyOperator; arguments: Expression[] }
  | { kind: 'each'; operator: ListOperator; list: Expression; body: Expression }
  | { kind: 'reduce'; list: Expression; body: Expression; initial: Expression }
  /** Without `by`, people are told apart by the flag's key and the targeting key. */
  | { kind: 'fractional'; by: Expression | undefined; buckets: Bucket[]; flag: string };
