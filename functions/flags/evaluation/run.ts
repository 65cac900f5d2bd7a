import type { Context } from './evaluation.ts';
import type { Expression } from './expression.ts';
import { NotComputable } from './values.ts';

/** What one evaluation may take: parts of targetings that are evaluated inside list operators, and elements of lists. */
const MOST_WORK = 1_000_000;

/** What an evaluation has to work with. One object serves all evaluations of a flag set, one after the other. */
export class Work {
  context: Context = {};
  /** Epoch seconds. */
  now: number | undefined = undefined;
  #left = MOST_WORK;

  begin(context: Context, now: number | undefined): void {
    this.context = context;
    this.now = now;
    this.#left = MOST_WORK;
  }

  /** Throws NotComputable when an evaluation has taken all that it may. */
  spend(amount: number): void {
    this.#left -= amount;
    if (this.#left < 0) throw new NotComputable('The targeting goes through too many elements of lists');
  }
}

/** A compiled expression: `data` is what `var` reads, the context or an element of a list. */
export type Run = (data: unknown, work: Work) => unknown;

/** What is compiled, and what is known of it. */
export interface Compiled {
  run: Run;
  /** How many parts it has. */
  parts: number;
  /** Whether it is the same for everyone. */
  constant: boolean;
  /** Whether it asks the context who it is even inside a list operator, where all else asks the element. */
  personal: boolean;
}

/** Compiles the parts of an expression. */
export type Compile = (expression: Expression) => Compiled;
