import type { AppendRows } from '../engines/engine.ts';
import { type BackupManifest, type BackupPlace, damaged, linesIn, openPart } from './store.ts';

/**
 * Appends the rows of a backup, part by part, and returns how many were kept. `append` writes within a transaction of
 * its caller, which takes all back when this throws.
 * @throws BackupDamaged when a part is not what was stored, and what `append` throws.
 */
export async function restoreRows(
  place: BackupPlace,
  manifest: BackupManifest,
  append: AppendRows,
  signal: AbortSignal,
): Promise<number> {
  let restored = 0;
  for (const part of manifest.parts) {
    const { read, kept } = await append(openPart(place, part, signal));
    if (read !== part.rows) throw damaged(part, `it holds ${read} rows instead of ${part.rows}`);
    restored += kept;
  }
  return restored;
}

/** Reads every part to its end. Throws BackupDamaged. */
export async function verifyRows(
  place: BackupPlace,
  manifest: BackupManifest,
  signal: AbortSignal,
): Promise<{ rows: number; parts: number }> {
  const rows = await restoreRows(place, manifest, countRows, signal);
  return { rows, parts: manifest.parts.length };
}

const countRows: AppendRows = async (chunks) => {
  let rows = 0;
  for await (const chunk of chunks) rows += linesIn(chunk);
  return { read: rows, kept: rows };
};
