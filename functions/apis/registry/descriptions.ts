import type { DescriptionKind } from '#compatibility/description-kind.ts';
import { type Description, readDescription } from '#compatibility/descriptions.ts';
import { readArtifact, writeArtifact } from '#platform/artifacts.ts';
import { artifactKeys } from '../documents/artifacts.ts';
import type { VersionRecord } from '../records.ts';

/** Descriptions that were read; they never change. A large one takes some 100 MB. */
const mostKept = 4;
const kept = new Map<string, Description>();

export function keepInMemory(description: Description): void {
  kept.delete(description.digest);
  kept.set(description.digest, description);
  const [oldest] = kept.keys();
  if (kept.size > mostKept && oldest !== undefined) kept.delete(oldest);
}

/** Keeps the text of a description under its hash, for good. */
export async function storeDescription(
  api: string,
  text: string,
  { digest }: Description,
): Promise<VersionRecord['description']> {
  const key = artifactKeys.description(api, digest);
  await writeArtifact(key, text, 'text/plain; charset=utf-8');
  return { key, hash: digest, bytes: Buffer.byteLength(text) };
}

/** The description of a version, as it was registered. Throws NotFound when the bucket lost it. */
export const descriptionText = ({ description }: VersionRecord): Promise<string> =>
  readArtifact(description.key);

/** The same, read. */
export async function descriptionOf(version: VersionRecord, kind: DescriptionKind): Promise<Description> {
  const known = kept.get(version.description.hash);
  if (known !== undefined) return known;
  const read = readDescription(await descriptionText(version), { kind });
  keepInMemory(read);
  return read;
}
