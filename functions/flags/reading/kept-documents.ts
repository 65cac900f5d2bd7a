import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { replaceFile } from '#platform/replace-file.ts';
import type { Part } from './feed.ts';

/** What was in force when the process last knew: unchecked, as it came. */
export interface Kept {
  documents: Partial<Record<Part, unknown>>;
  revisions: Partial<Record<Part, string>>;
}

/** Where what is in force outlives the process. */
export interface KeptDocuments {
  /** Undefined when nothing was kept. Throws when what was kept cannot be read. */
  load(): Promise<Kept | undefined>;
  save(kept: Kept): Promise<void>;
}

const part = z.enum(['flags', 'killSwitches']);
const File = z.object({
  version: z.literal(1),
  documents: z.partialRecord(part, z.unknown()),
  revisions: z.partialRecord(part, z.string()),
});

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ENOENT';

/**
 * Keeps documents in a file that its owner alone may read. It is replaced as a whole: whoever is cut off while writing
 * leaves the former one.
 */
export function keptInFile(path: string): KeptDocuments {
  let last: Promise<void> = Promise.resolve();

  return {
    async load() {
      try {
        const { documents, revisions } = File.parse(JSON.parse(await readFile(path, 'utf8')));
        return { documents, revisions };
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    },
    save(kept) {
      last = last.catch(() => {}).then(() => replaceFile(path, JSON.stringify({ version: 1, ...kept })));
      return last;
    },
  };
}
