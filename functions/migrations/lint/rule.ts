import type { Tree } from '../sql/tree.ts';
import type { Name } from './alterations.ts';
import type { Work } from './duration.ts';
import type { LockMode, Severity } from './finding.ts';
import type { State } from './state.ts';
import type { Statement } from './statements.ts';

/** What a rule says of one statement. */
export interface Draft {
  message: string;
  /** Instead of the rule's own. */
  advice?: string;
  /** Instead of the rule's own. */
  severity?: Severity;
  /** Where in the statement; its start when absent. */
  at?: Tree | undefined;
  /** The same, in UTF-16 units from the statement's start, where no node says it. */
  offset?: number;
  /** The lock in this case, when it is not the rule's own, or null when there is none. */
  lock?: LockMode | null;
  /** Whose size decides how long. */
  table?: Name;
  /** What is done under the lock, when it is not the rule's own. */
  work?: Work;
}

/** One thing that may be wrong with a statement. */
export interface Rule {
  /** Stable; squawk's name where squawk has a rule of the same meaning. */
  id: string;
  /** Names of other tools' rules that this one covers: comments that silence those silence it. */
  aliases?: readonly string[];
  severity: Severity;
  /** One line, for lists. */
  title: string;
  /** The lock taken, or null when the harm is another. */
  lock: LockMode | null;
  /** What is done while the lock is held: decides how its duration grows. */
  work?: Work;
  /** Why it hurts. */
  why: string;
  /** What to do instead. */
  advice: string;
  /** Looks at one statement, with what is known from those before it. Pure. */
  check: (statement: Statement, state: State) => Draft[];
  /** What only the end of the file shows, each with the index of the statement it is about. */
  finish?: (state: State) => (Draft & { statement: number })[];
}
