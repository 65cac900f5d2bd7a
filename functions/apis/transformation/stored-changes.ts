import { hash } from 'node:crypto';
import { z } from 'zod';
import { readArtifact, writeArtifact } from '#platform/artifacts.ts';
import { VersionChange } from '#transformations/schemas.ts';
import { artifactKeys } from '../documents/artifacts.ts';
import type { VersionRecord } from '../records.ts';

const Changes = z.array(VersionChange);

/** The changes that lead from a version to the next newer one; none when none were given. */
export async function changesOf({ changes }: VersionRecord): Promise<VersionChange[]> {
  return changes === null ? [] : Changes.parse(JSON.parse(await readArtifact(changes.key)));
}

/** Keeps changes under their hash, for good. */
export async function storeChanges(
  api: string,
  changes: readonly VersionChange[],
): Promise<VersionRecord['changes']> {
  const text = JSON.stringify(changes);
  const digest = hash('sha256', text);
  const key = artifactKeys.changes(api, digest);
  await writeArtifact(key, text, 'application/json');
  return { key, hash: digest, bytes: Buffer.byteLength(text), count: changes.length };
}
