import { InvalidInput } from '#platform/errors.ts';
import { compileDocument, prerequisiteProblems } from '../authoring/compile-document.ts';
import { DocumentTooLarge } from '../errors.ts';
import { parseDocument } from '../evaluation/document.ts';
import { type Flags, keyedFlags } from './snapshot.ts';

/** What AppConfig hosts of a configuration at most, bytes: its quota, unless it was raised. */
export const largestDocument = 2 * 1_024 * 1_024;

/** The text of a document, if it may be hosted. Throws DocumentTooLarge. */
export function documentText(document: unknown): string {
  const text = JSON.stringify(document);
  const bytes = Buffer.byteLength(text);
  if (bytes <= largestDocument) return text;
  throw new DocumentTooLarge(
    `The flags of the environment would be a document of ${bytes} bytes, and AppConfig hosts at most ${largestDocument}`,
    {
      evidence: { bytes, limit: largestDocument },
      action: 'Delete flags that nobody needs, or name an attribute in a rule instead of a long list.',
    },
  );
}

/**
 * All flags as the text of one document, once it was read as every reader reads it. `changed` are those
 * that the caller sent: what is wrong with them is said of the request. Throws InvalidInput, InvalidFlagDocument,
 * DocumentTooLarge.
 */
export function candidate(flags: Flags, changed: ReadonlySet<string>): string {
  const keyed = keyedFlags(flags);
  const problems = prerequisiteProblems(keyed);
  if (problems.length > 0) {
    const [only] = changed;
    const own = (flag: string) => changed.size === 1 && flag === only;
    const [first] = problems;
    const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
    throw new InvalidInput(`The flag ${first?.flag} cannot be evaluated: ${first?.detail}${more}`, {
      problems: problems
        .slice(0, 50)
        .map(({ flag, pointer, detail }) =>
          own(flag)
            ? { pointer: `/body${pointer}`, detail }
            : { pointer: '/body', detail: `${flag}: ${detail}` },
        ),
      action: 'Correct the flags that are named; nothing was stored.',
    });
  }
  const document = compileDocument({ ...flags, flags: keyed });
  const text = documentText(document);
  parseDocument(document);
  return text;
}
