import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, mkdirSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { z } from 'zod';
import { isUnfinished, writeDurably } from '../durable-file.ts';

const storedObject = z.strictObject({
  key: z.string(),
  /** Name of the file that holds the bytes; another one after every overwrite. */
  data: z.string(),
  size: z.number().int(),
  etag: z.string(),
  sha256: z.string(),
  /** Epoch milliseconds. */
  modified: z.number(),
  headers: z.record(z.string(), z.string()),
  metadata: z.record(z.string(), z.string()),
});

export type StoredObject = z.infer<typeof storedObject>;
/** Bytes that are on disk but belong to no object yet. */
export type Written = { data: string; size: number; md5: string; sha256: string };
export type Body = AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>;

/** S3 orders keys by their UTF-8 bytes, which differs from JavaScript's order beyond the basic plane. */
export function byKey(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/**
 * One bucket in a folder: `<hash of the key>.json` describes an object and names its `.data` file. Renaming the
 * description into place is what makes an object exist; bytes that nothing describes are removed at the next start.
 */
export function openBucket(folder: string) {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const objects = new Map<string, StoredObject>();
  const names = readdirSync(folder);
  for (const name of names.filter((one) => one.endsWith('.json'))) {
    const object = storedObject.parse(JSON.parse(readFileSync(join(folder, name), 'utf8')));
    objects.set(object.key, object);
  }
  const described = new Set([...objects.values()].map((object) => object.data));
  for (const name of names) {
    if (isUnfinished(name) || (name.endsWith('.data') && !described.has(name)))
      rmSync(join(folder, name), { force: true });
  }

  const descriptionOf = (key: string) =>
    join(folder, `${createHash('sha256').update(key).digest('hex')}.json`);
  const discard = (data: string) => rmSync(join(folder, data), { force: true });
  let sorted: string[] | undefined;
  let turn: Promise<unknown> = Promise.resolve();

  return {
    get: (key: string) => objects.get(key),
    /** All keys in S3's order. */
    keys(): readonly string[] {
      sorted ??= [...objects.keys()].sort(byKey);
      return sorted;
    },
    discard,

    /** Writes bytes to disk, not yet as an object. What `limit` bytes exceed is refused with a RangeError. */
    async write(body: Body, limit: number): Promise<Written> {
      const data = `${randomBytes(16).toString('hex')}.data`;
      const file = await open(join(folder, data), 'wx', 0o600);
      const [md5, sha256] = [createHash('md5'), createHash('sha256')];
      let size = 0;
      try {
        for await (const piece of body) {
          const bytes = typeof piece === 'string' ? Buffer.from(piece) : piece;
          size += bytes.length;
          if (size > limit) throw new RangeError(`more than ${limit} bytes`);
          md5.update(bytes);
          sha256.update(bytes);
          await file.writeFile(bytes);
        }
        await file.datasync();
      } catch (error) {
        discard(data);
        throw error;
      } finally {
        await file.close();
      }
      return { data, size, md5: md5.digest('hex'), sha256: sha256.digest('base64') };
    },

    /** Opened before it returns, so that an overwrite in the meantime does not take the bytes away. */
    read: (data: string, range?: { start: number; end: number }): Readable =>
      createReadStream('', { fd: openSync(join(folder, data), 'r'), start: 0, ...range }),

    /** Runs a check and the change that rests on it without another change between them. */
    alone<T>(change: () => Promise<T>): Promise<T> {
      const mine = turn.then(change);
      turn = mine.catch(() => {});
      return mine;
    },

    /** Makes the object exist, in place of a former one of the same key. */
    async put(object: StoredObject): Promise<void> {
      const former = objects.get(object.key);
      await writeDurably(descriptionOf(object.key), JSON.stringify(object));
      objects.set(object.key, object);
      if (!former) sorted = undefined;
      else if (former.data !== object.data) discard(former.data);
    },

    delete(key: string): void {
      const former = objects.get(key);
      if (!former) return;
      rmSync(descriptionOf(key), { force: true });
      objects.delete(key);
      sorted = undefined;
      discard(former.data);
    },
  };
}

export type Bucket = ReturnType<typeof openBucket>;
