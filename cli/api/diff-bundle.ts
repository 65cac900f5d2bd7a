import { $RefParser } from '@apidevtools/json-schema-ref-parser';
import { exitCode, Failure } from '../failure.ts';

/** Whether a description seems to refer to other files. */
export const refersToFiles = (text: string): boolean =>
  /["']?\$ref["']?\s*:\s*["']?(?![#"'\s]|https?:)[^"'\s]/i.test(text);

/**
 * A description and the files that it refers to as one text of JSON. Nothing is fetched from a network.
 * @throws Failure usage, naming the file that is missing or does not parse.
 */
export async function bundledFiles(path: string): Promise<string> {
  try {
    const whole = await $RefParser.bundle(path, {
      resolve: { http: false, file: { order: 1 } },
      continueOnError: false,
    });
    return JSON.stringify(whole);
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    throw new Failure(`${path} and the files that it refers to cannot be read: ${reason}`, {
      code: exitCode.usage,
      action: 'Mend the reference that is named. References to the network are not followed.',
    });
  }
}
