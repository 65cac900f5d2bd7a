import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { newId } from '#platform/ids.ts';
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

  async function write(kept: Kept): Promise<void> {
    await mkdir(dirname(path), { recursive: true });
    const temporary = `${path}.${newId('new')}`;
    try {
      // Never follows a link that somebody put there.
      const file = await open(temporary, 'wx', 0o600);
      try {
        await file.writeFile(JSON.stringify({ version: 1, ...kept }));
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  }

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
      last = last.catch(() => {}).then(() => write(kept));
      return last;
    },
  };
}
