/**
 * Exit codes, for scripts.
 * 0 done · 1 a defect of ours · 2 wrong usage · 3 refused: the input or the state does not allow it ·
 * 4 the migration failed or was rolled back · 5 the platform or the database cannot be reached · 6 not allowed
 */
export const exitCode = {
  done: 0,
  defect: 1,
  usage: 2,
  refused: 3,
  failed: 4,
  unreachable: 5,
  forbidden: 6,
} as const;
export type ExitCode = (typeof exitCode)[keyof typeof exitCode];

/** What the CLI says and how it ends when something cannot be done. */
export class Failure extends Error {
  readonly code: ExitCode;
  /** What to do next, one sentence. */
  readonly action: string | undefined;
  /** More lines, for example one per refused field. */
  readonly details: readonly string[];
  /** The problem document of the API, for --json. */
  readonly problem: unknown;

  constructor(
    message: string,
    {
      code,
      action,
      details = [],
      problem,
    }: { code: ExitCode; action?: string | undefined; details?: readonly string[]; problem?: unknown },
  ) {
    super(message);
    this.code = code;
    this.action = action;
    this.details = details;
    this.problem = problem;
  }
}
