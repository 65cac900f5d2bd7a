import { type BackupManifest, type BackupPlace, damaged, openPart } from './store.ts';

/**
 * Appends the rows of a backup, part by part, and returns how many. `append` writes within a transaction of its caller,
 * which takes all back when this throws.
 * @throws BackupDamaged when a part is not what was stored, and what `append` throws.
 */
export async function restoreRows(
  place: BackupPlace,
  manifest: BackupManifest,
  append: (rows: AsyncIterable<Buffer>) => Promise<number>,
  signal: AbortSignal,
): Promise<number> {
  let restored = 0;
  for (const part of manifest.parts) {
    const rows = await append(openPart(place, part, signal));
    if (rows !== part.rows) throw damaged(part, `it holds ${rows} rows instead of ${part.rows}`);
    restored += rows;
  }
  return restored;
}
