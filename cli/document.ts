import { readFile, stat } from 'node:fs/promises';
import { exitCode, Failure } from './failure.ts';

const largestFile = 1_048_576;

/** What is in a YAML or JSON file. @throws Failure when it cannot be read, is too large or is neither. */
export async function readDocument(path: string): Promise<unknown> {
  try {
    const { size } = await stat(path);
    if (size > largestFile) {
      throw new Failure(`${path} has ${size} bytes; at most ${largestFile} are read.`, {
        code: exitCode.refused,
      });
    }
    // Loaded for those who read a file: it is a good part of what the others start.
    const { parse } = await import('yaml');
    return parse(await readFile(path, 'utf8'), { maxAliasCount: 100 });
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`, {
      code: exitCode.usage,
      action: 'Expected a file of YAML or JSON.',
    });
  }
}
