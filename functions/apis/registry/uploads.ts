import { z } from 'zod';
import { artifactsBucket, readArtifact } from '#platform/artifacts.ts';
import { clock } from '#platform/clock.ts';
import { NotFound } from '#platform/errors.ts';
import { newId } from '#platform/ids.ts';
import { uploadUrl } from '#platform/presigned-url.ts';
import { artifactKeys } from '../documents/artifacts.ts';
import { UploadIncomplete } from '../errors.ts';
import { keys, readItem, writeItem } from '../store.ts';

/** What a description may be at most, bytes. */
export const largestDescription = 20_000_000;
/** How long an upload may take to begin, s. */
const validFor = 900;
/** How long it may be registered, s: as the bucket keeps it. */
const keptFor = 86_400;

const UploadRecord = z.object({ id: z.string(), api: z.string(), bytes: z.int(), createdAt: z.string() });

/** Makes a place for a description that is too large for a request. The URL takes exactly so many bytes, once or again. */
export async function offerUpload(
  api: string,
  bytes: number,
): Promise<{ upload: string; url: string; expiresAt: string }> {
  const id = newId('upl');
  const now = clock.now();
  await writeItem(keys.upload(api, id), {
    id,
    api,
    bytes,
    createdAt: clock.iso(),
    expiresAt: Math.ceil(now / 1_000) + keptFor,
  });
  const key = artifactKeys.upload(api, id);
  const url = await uploadUrl({ bucket: artifactsBucket(), key, bytes, expiresIn: validFor });
  return { upload: id, url, expiresAt: new Date(now + validFor * 1_000).toISOString() };
}

/** The text that was uploaded. Throws UploadIncomplete, NotFound. */
export async function takeUpload(api: string, id: string): Promise<string> {
  const announced = await readItem(UploadRecord, keys.upload(api, id));
  const action =
    'Upload it again: POST /apis/{api}/uploads gives a URL; `theseus api register` does so by itself.';
  if (announced === undefined) {
    throw new NotFound(`There is no upload ${id} for ${api}`, { evidence: { api, upload: id }, action });
  }
  const text = await readArtifact(artifactKeys.upload(api, id)).catch((error: unknown) => {
    if (error instanceof NotFound) return undefined;
    throw error;
  });
  const found = text === undefined ? 0 : Buffer.byteLength(text);
  if (text !== undefined && found === announced.bytes) return text;
  throw new UploadIncomplete(
    text === undefined
      ? `Nothing was sent to the URL of ${id}`
      : `Expected ${announced.bytes} bytes of ${id} as announced, found ${found}`,
    { evidence: { api, upload: id, announced: announced.bytes, found }, action },
  );
}
