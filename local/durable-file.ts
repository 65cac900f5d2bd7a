import { open, rename, rm } from 'node:fs/promises';

let writes = 0;

/**
 * Replaces a file by new content so that a reader, also after a crash at any moment, finds the whole old or the whole
 * new one. Resolves when the new content is on disk.
 */
export async function writeDurably(path: string, content: string | Uint8Array, mode = 0o600): Promise<void> {
  writes += 1;
  const unfinished = `${path}.${process.pid}-${writes}.unfinished`;
  const file = await open(unfinished, 'w', mode);
  try {
    await file.writeFile(content);
    await file.datasync();
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  } finally {
    await file.close();
  }
  await rename(unfinished, path);
}

/** Whether a directory entry is what a crash left of writeDurably. */
export function isUnfinished(name: string): boolean {
  return name.endsWith('.unfinished');
}
