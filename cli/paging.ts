import { Option } from 'commander';
import { exitCode, Failure } from './failure.ts';
import { print } from './output.ts';

/** What a list without filters is asked for. */
export interface PageOptions {
  limit: number;
  cursor?: string;
  json?: boolean;
}

/** @throws Failure (usage) unless the text is a whole number from 1 to 100. */
function rowsOfPage(text: string): number {
  const rows = Number(text);
  if (Number.isInteger(rows) && rows >= 1 && rows <= 100) return rows;
  throw new Failure(`--limit is '${text}'; expected a whole number from 1 to 100.`, { code: exitCode.usage });
}

/** --limit of every list: items in a page, `usual` unless told otherwise. */
export const limitOption = (usual: number): Option =>
  new Option('--limit <rows>', 'rows a page, 1–100').argParser(rowsOfPage).default(usual);

/** --cursor of every list. */
export const cursorOption = (): Option => new Option('--cursor <cursor>', 'where the last page ended');

/** How to see what follows a page, if anything does. */
export function printMore({ nextCursor }: { nextCursor?: string | undefined }): void {
  if (nextCursor !== undefined) print(`More: --cursor ${nextCursor}`);
}
