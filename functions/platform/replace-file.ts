import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { newId } from './ids.ts';

/**
 * Replaces a file by new content that its owner alone may read, and makes the folders above it. It is the former one or
 * the new one as a whole, whenever the process is cut off and whoever else replaces it meanwhile.
 */
export async function replaceFile(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${newId('new')}`;
  try {
    // Never follows a link that somebody put there.
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(text);
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
