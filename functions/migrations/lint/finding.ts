import { z } from 'zod';
import { lockModes } from './lock-modes.ts';
import { severities } from './severity.ts';

/** error: blocks, breaks or fails; warning: does so in some cases; info: costs later. */
export const Severity = z.enum(severities);
export type Severity = z.infer<typeof Severity>;

export const LockMode = z.enum(lockModes);
export type LockMode = z.infer<typeof LockMode>;

/** A place in a file; lines and columns from 1, columns in UTF-16 code units, offsets from 0. */
export const Position = z.strictObject({ offset: z.int(), line: z.int(), column: z.int() });
export type Position = z.infer<typeof Position>;

/** One thing a rule found. */
export const Finding = z.strictObject({
  file: z.string(),
  rule: z.string(),
  severity: Severity,
  /** Where the part in question begins. */
  line: z.int(),
  column: z.int(),
  /** The statement it stands in, first to last character; for a comment, the comment. */
  range: z.strictObject({ start: Position, end: Position }),
  /** The statement's own text, at most 2,000 characters. */
  statement: z.string(),
  /** The lock it takes and for how long, or null when the harm is not a lock. */
  lock: z.strictObject({ mode: LockMode, table: z.string().nullable(), duration: z.string() }).nullable(),
  /** What is wrong here. */
  message: z.string(),
  /** What to do instead. */
  advice: z.string(),
  /** The operations of a migration file that do the same without harm, as they stand in the file; null when there are none. */
  operations: z.array(z.record(z.string(), z.unknown())).nullable(),
  /** Where the rule is explained. */
  url: z.string(),
});
export type Finding = z.infer<typeof Finding>;
