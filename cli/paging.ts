import { exitCode, Failure } from './failure.ts';

/** The value of --limit. @throws Failure (usage) unless it is a whole number from 1 to 100. */
export function rowsOfPage(text: string): number {
  const rows = Number(text);
  if (Number.isInteger(rows) && rows >= 1 && rows <= 100) return rows;
  throw new Failure(`--limit is '${text}'; expected a whole number from 1 to 100.`, { code: exitCode.usage });
}
