import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { writeDurably } from '../durable-file.ts';
import { noSuchUpload, s3Failure } from './failures.ts';
import { type Body, type Bucket, openBucket, type StoredObject } from './objects.ts';
import { LARGEST_PUT } from './request.ts';

const uploadRecord = z.strictObject({
  key: z.string(),
  headers: z.record(z.string(), z.string()),
  metadata: z.record(z.string(), z.string()),
});
type Upload = z.infer<typeof uploadRecord>;

/** Every part but the last has at least 5 MiB. */
const SMALLEST_PART = 5 * 1024 ** 2;
const MOST_PARTS = 10_000;

/** The unfinished multipart uploads of a bucket, each a folder; they survive a restart like everything else. */
export function openUploads(folder: string) {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const open = new Map<string, { upload: Upload; parts: Bucket }>();
  for (const id of readdirSync(folder)) {
    const record = join(folder, id, 'upload.json');
    if (!existsSync(record)) rmSync(join(folder, id), { recursive: true, force: true });
    else
      open.set(id, {
        upload: uploadRecord.parse(JSON.parse(readFileSync(record, 'utf8'))),
        parts: openBucket(join(folder, id, 'parts')),
      });
  }

  function find(id: string | undefined, key: string | undefined) {
    const found = open.get(id ?? '');
    if (!found || found.upload.key !== key) throw noSuchUpload();
    return found;
  }

  function abort(id: string): void {
    open.delete(id);
    // The record goes first: without it the rest is removed at the next start.
    rmSync(join(folder, id, 'upload.json'), { force: true });
    rmSync(join(folder, id), { recursive: true, force: true });
  }

  return {
    find,
    abort,
    async create(upload: Upload): Promise<string> {
      const id = randomBytes(16).toString('hex');
      const parts = openBucket(join(folder, id, 'parts'));
      await writeDurably(join(folder, id, 'upload.json'), JSON.stringify(upload));
      open.set(id, { upload, parts });
      return id;
    },

    /** Keeps one part; the same number again replaces it. */
    async part(
      parts: Bucket,
      number: number | undefined,
      body: Body,
      check: (written: Awaited<ReturnType<Bucket['write']>>) => void,
    ): Promise<StoredObject> {
      if (!number || !Number.isInteger(number) || number < 1 || number > MOST_PARTS) {
        throw s3Failure('InvalidArgument', 400, `A part number is 1 to ${MOST_PARTS}, this is ${number}.`);
      }
      const written = await parts.write(body, LARGEST_PUT);
      try {
        check(written);
      } catch (error) {
        parts.discard(written.data);
        throw error;
      }
      const { data, size, md5, sha256 } = written;
      const part = {
        key: String(number),
        data,
        size,
        etag: md5,
        sha256,
        modified: 0,
        headers: {},
        metadata: {},
      };
      await parts.alone(() => parts.put(part));
      return part;
    },

    /** Checks the list of parts as S3 does and returns them with the ETag of the whole. */
    assemble(
      parts: Bucket,
      listed: readonly { PartNumber?: number | undefined; ETag?: string | undefined }[],
    ) {
      const chosen = listed.map(({ PartNumber, ETag }) => {
        const part = parts.get(String(PartNumber));
        if (!part || part.etag !== ETag?.replaceAll('"', '')) {
          throw s3Failure(
            'InvalidPart',
            400,
            `Part ${PartNumber} was not uploaded, or has another ETag than ${ETag}.`,
          );
        }
        return { number: PartNumber ?? 0, part };
      });
      if (chosen.length === 0)
        throw s3Failure('MalformedXML', 400, 'An upload is completed with a list of at least one part.');
      if (chosen.some(({ number }, at) => number <= (chosen[at - 1]?.number ?? 0))) {
        throw s3Failure('InvalidPartOrder', 400, 'The parts are not listed in ascending order.');
      }
      for (const { number, part } of chosen.slice(0, -1)) {
        if (part.size < SMALLEST_PART) {
          throw s3Failure(
            'EntityTooSmall',
            400,
            `Part ${number} has ${part.size} bytes; all but the last have at least ${SMALLEST_PART}.`,
          );
        }
      }
      const etag = createHash('md5');
      for (const { part } of chosen) etag.update(Buffer.from(part.etag, 'hex'));
      async function* bytes() {
        for (const { part } of chosen) yield* parts.read(part.data);
      }
      return { bytes: bytes(), etag: `${etag.digest('hex')}-${chosen.length}` };
    },
  };
}
