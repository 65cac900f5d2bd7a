import { readFile } from 'node:fs/promises';
import { text as textOf } from 'node:stream/consumers';
import { exitCode, Failure } from './failure.ts';

/**
 * The first line of a file, or of standard input for `-`: what is secret stands in no history of commands and in no list
 * of processes. @throws Failure (usage) when it cannot be read or is empty.
 */
export async function readSecretText(file: string): Promise<string> {
  const wrong = (why: string) =>
    new Failure(`${file === '-' ? 'Standard input' : file} ${why}`, {
      code: exitCode.usage,
      action: 'Expected a file with one line, or - for standard input.',
    });
  let content: string;
  try {
    content = file === '-' ? await textOf(process.stdin) : await readFile(file, 'utf8');
  } catch (error) {
    throw wrong(`cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  const [line = ''] = content.trim().split(/\r?\n/);
  if (line === '') throw wrong('is empty.');
  return line;
}
