import { type FieldProblem, InvalidInput } from '#platform/errors.ts';
import { LIMITS } from './limits.ts';

/** One thing that is wrong with a document: `path` is the JSON pointer of it, and is `pointer`, too. */
export interface FlagProblem extends FieldProblem {
  path: string;
  found: string;
  expected: string;
}

/** 400: a document of flags is not what flagd takes; `problems` are at most 100. */
export class InvalidFlagDocument extends InvalidInput {
  override readonly name: string = 'InvalidFlagDocument';
  override readonly problems: FlagProblem[];

  constructor(problems: readonly FlagProblem[]) {
    const [first] = problems;
    const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
    super(
      `The flags cannot be taken: ${first ? `${first.path || '/'}: ${first.detail}${more}` : 'no reason'}`,
      {
        action: 'Correct what is named, and send the whole document again; the last good one stays in force.',
      },
    );
    this.problems = [...problems];
  }
}

/** A place in a document: a step below another place; the document itself is `undefined`. */
export interface Place {
  readonly above: Place | undefined;
  readonly step: string | number;
}

/** The place that is one step below another. */
export const below = (above: Place | undefined, step: string | number): Place => ({ above, step });

function pointerOf(place: Place | undefined): string {
  const steps: string[] = [];
  for (let at = place; at; at = at.above) {
    steps.push(`/${String(at.step).replaceAll('~', '~0').replaceAll('/', '~1')}`);
  }
  return steps.reverse().join('');
}

/** Collects problems, the first hundred of them. */
export class Problems {
  readonly found: FlagProblem[] = [];

  get full(): boolean {
    return this.found.length >= LIMITS.problems;
  }

  add(place: Place | undefined, expected: string, found: string): void {
    if (this.full) return;
    const pointer = pointerOf(place);
    this.found.push({
      path: pointer,
      pointer,
      found,
      expected,
      detail: `expected ${expected}, found ${found}`,
    });
  }
}
