import { z } from 'zod';
import { task } from '#platform/task.ts';
import { parseDocument } from '../evaluation/document.ts';
import { InvalidFlagDocument } from '../evaluation/problems.ts';

/** What AppConfig hands to a function that validates; more may come. */
const ValidatorInput = z.looseObject({
  content: z.string().max(8_000_000).describe('The configuration in base64'),
  uri: z.string().describe('The version that it is'),
});

/**
 * Refuses a document that readers would not take, whoever deploys it: AppConfig asks before every deployment, and refuses
 * what this throws for. Throws InvalidFlagDocument.
 */
export const handler = task({
  name: 'validate-document',
  input: ValidatorInput,
  output: z.strictObject({ flags: z.int() }),
  async handler({ content }) {
    const text = Buffer.from(content, 'base64').toString('utf8');
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      const found = error instanceof Error ? error.message : 'other text';
      throw new InvalidFlagDocument([
        { path: '', pointer: '', expected: 'JSON', found, detail: `expected JSON, found ${found}` },
      ]);
    }
    return { flags: Object.keys(parseDocument(value).flags).length };
  },
});
