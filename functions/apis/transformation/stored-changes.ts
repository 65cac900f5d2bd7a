import { hash } from 'node:crypto';
import { z } from 'zod';
import { artifactKeys, readArtifact, writeArtifact } from '../documents/artifacts.ts';
import type { VersionRecord } from '../records.ts';

const Changes = z.array(z.looseObject({ id: z.string() }));

/** The changes that lead from a version to the next newer one; none when none were given. */
export async function changesOf({ changes }: VersionRecord): Promise<z.infer<typeof Changes>> {
  return changes === null ? [] : Changes.parse(JSON.parse(await readArtifact(changes.key)));
}

/** Keeps changes under their hash, for good. */
export async function storeChanges(
  api: string,
  changes: z.infer<typeof Changes>,
): Promise<VersionRecord['changes']> {
  const text = JSON.stringify(changes);
  const digest = hash('sha256', text);
  const key = artifactKeys.changes(api, digest);
  await writeArtifact(key, text, 'application/json');
  return { key, hash: digest, bytes: Buffer.byteLength(text), count: changes.length };
}
