import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type * as S3 from '@aws-sdk/client-s3';
import { sdkStreamMixin } from '@smithy/core/serde';
import { attach } from '../attach.ts';
import type { Clock } from '../clock.ts';
import { knownFields } from '../known-fields.ts';
import { noSuchBucket, noSuchKey, notFound, preconditionFailed, s3Failure } from './failures.ts';
import { listPage } from './listing.ts';
import { multipartCommands, type Opened, type Store } from './multipart.ts';
import { openBucket, type StoredObject } from './objects.ts';
import {
  ABOUT_THE_CALL,
  ADDRESS,
  bodyOf,
  CHECKS,
  checkBeforeRead,
  checkBeforeWrite,
  checkedKey,
  checkReceived,
  headersOf,
  LARGEST_PUT,
  metadataOf,
  rangeOf,
  WHOLE,
} from './request.ts';
import { openUploads } from './uploads.ts';

type Answer<T> = Promise<Omit<T, '$metadata'>>;

/**
 * S3 in a folder. Buckets named in `buckets` are created when missing. Durable when a call returns; readers keep the
 * bytes they opened when an object is overwritten or deleted.
 */
export function createS3(options: { directory: string; clock: Clock; buckets?: readonly string[] }) {
  const root = join(options.directory, 's3');
  const buckets = new Map<string, Opened>();

  function create(name: string): void {
    if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name)) {
      throw s3Failure(
        'InvalidBucketName',
        400,
        `${name} is no bucket name: 3 to 63 lower-case letters, digits, dots and hyphens.`,
      );
    }
    if (buckets.has(name)) return;
    buckets.set(name, {
      objects: openBucket(join(root, name, 'objects')),
      uploads: openUploads(join(root, name, 'uploads')),
    });
  }
  try {
    for (const name of readdirSync(root)) create(name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error; // node's fs throws ErrnoException
  }
  for (const name of options.buckets ?? []) create(name);

  function bucketOf(name: string | undefined): Opened {
    const found = buckets.get(name ?? '');
    if (!found) throw noSuchBucket(name ?? '');
    return found;
  }

  /** Writes the bytes, then, alone with the bucket, checks the conditions and makes the object exist. */
  const store: Store = async ({ objects }, body, describe, conditions, limit = LARGEST_PUT) => {
    const written = await objects.write(body, limit).catch((error: unknown) => {
      throw error instanceof RangeError
        ? s3Failure('EntityTooLarge', 400, `The object has ${error.message}.`)
        : error;
    });
    try {
      const { data, size, sha256 } = written;
      const object = { ...describe(written), data, size, sha256, modified: options.clock.now() };
      await objects.alone(async () => {
        checkBeforeWrite(objects.get(object.key), conditions);
        await objects.put(object);
      });
      return object;
    } catch (error) {
      objects.discard(written.data);
      throw error;
    }
  };

  async function putObject(input: S3.PutObjectCommandInput): Answer<S3.PutObjectCommandOutput> {
    knownFields('S3.PutObject', input, [...ADDRESS, ...WHOLE, ...CHECKS, 'IfMatch', 'IfNoneMatch']);
    const key = checkedKey(input.Key);
    const bucket = bucketOf(input.Bucket);
    const object = await store(
      bucket,
      bodyOf(input.Body),
      (written) => {
        checkReceived(written, input);
        return { key, etag: written.md5, headers: headersOf(input), metadata: metadataOf(input.Metadata) };
      },
      input,
    );
    return {
      ETag: `"${object.etag}"`,
      ...(input.ChecksumAlgorithm === 'SHA256' || input.ChecksumSHA256
        ? { ChecksumSHA256: object.sha256 }
        : {}),
    };
  }

  const described = (object: StoredObject, checksum: string | undefined) => ({
    ...object.headers,
    ETag: `"${object.etag}"`,
    ContentLength: object.size,
    LastModified: new Date(object.modified),
    AcceptRanges: 'bytes',
    Metadata: object.metadata,
    ...(checksum === 'ENABLED' ? { ChecksumSHA256: object.sha256 } : {}),
  });

  async function getObject(input: S3.GetObjectCommandInput): Answer<S3.GetObjectCommandOutput> {
    knownFields('S3.GetObject', input, [...ADDRESS, 'Range', 'IfMatch', 'IfNoneMatch', 'ChecksumMode']);
    const { objects } = bucketOf(input.Bucket);
    const object = objects.get(checkedKey(input.Key));
    if (!object) throw noSuchKey(input.Key ?? '');
    checkBeforeRead(object, input);
    const range = rangeOf(input.Range, object.size);
    const stream = objects.read(object.data, range);
    const Body = sdkStreamMixin(stream) as S3.GetObjectCommandOutput['Body'] & Readable; // a Node stream goes in, one comes out
    if (!range) return { ...described(object, input.ChecksumMode), Body };
    const ContentRange = `bytes ${range.start}-${range.end}/${object.size}`;
    return {
      ...described(object, undefined),
      ContentLength: range.end - range.start + 1,
      ContentRange,
      Body,
    };
  }

  async function headObject(input: S3.HeadObjectCommandInput): Answer<S3.HeadObjectCommandOutput> {
    knownFields('S3.HeadObject', input, [...ADDRESS, 'IfMatch', 'IfNoneMatch', 'ChecksumMode']);
    const object = buckets.get(input.Bucket ?? '')?.objects.get(checkedKey(input.Key));
    if (!object) throw notFound();
    checkBeforeRead(object, input);
    return described(object, input.ChecksumMode);
  }

  async function deleteObject(input: S3.DeleteObjectCommandInput): Answer<S3.DeleteObjectCommandOutput> {
    knownFields('S3.DeleteObject', input, [...ADDRESS, 'IfMatch']);
    const { objects } = bucketOf(input.Bucket);
    await objects.alone(async () => {
      if (input.IfMatch !== undefined)
        checkBeforeWrite(objects.get(input.Key ?? ''), { IfMatch: input.IfMatch });
      objects.delete(input.Key ?? '');
    });
    return {};
  }

  async function deleteObjects(input: S3.DeleteObjectsCommandInput): Answer<S3.DeleteObjectsCommandOutput> {
    knownFields('S3.DeleteObjects', input, ['Bucket', 'Delete', 'ChecksumAlgorithm', ...ABOUT_THE_CALL]);
    const { objects } = bucketOf(input.Bucket);
    const keys = (input.Delete?.Objects ?? []).map((one) => one.Key ?? '');
    if (keys.length < 1 || keys.length > 1000)
      throw s3Failure('MalformedXML', 400, `DeleteObjects takes 1 to 1000 keys, not ${keys.length}.`);
    await objects.alone(async () => {
      for (const key of keys) objects.delete(key);
    });
    return input.Delete?.Quiet ? {} : { Deleted: keys.map((Key) => ({ Key })) };
  }

  async function copyObject(input: S3.CopyObjectCommandInput): Answer<S3.CopyObjectCommandOutput> {
    knownFields('S3.CopyObject', input, [
      ...ADDRESS,
      ...WHOLE,
      'CopySource',
      'CopySourceIfMatch',
      'MetadataDirective',
      'IfMatch',
      'IfNoneMatch',
    ]);
    const key = checkedKey(input.Key);
    const [, from, encoded] = /^\/?([^/]+)\/(.+)$/.exec(input.CopySource ?? '') ?? [];
    if (!from || !encoded)
      throw s3Failure('InvalidArgument', 400, 'CopySource is bucket/key, the key percent-encoded.');
    const source = bucketOf(from).objects;
    const original = source.get(decodeURIComponent(encoded));
    if (!original) throw noSuchKey(encoded);
    const wanted = input.CopySourceIfMatch?.replaceAll('"', '');
    if (wanted !== undefined && wanted !== original.etag)
      throw preconditionFailed('x-amz-copy-source-If-Match');
    const replaced = input.MetadataDirective === 'REPLACE';
    const object = await store(
      bucketOf(input.Bucket),
      source.read(original.data),
      ({ md5 }) => ({
        key,
        etag: md5,
        headers: replaced ? headersOf(input) : { ...original.headers, ...headersOf(input) },
        metadata: replaced ? metadataOf(input.Metadata) : original.metadata,
      }),
      input,
    );
    return { CopyObjectResult: { ETag: `"${object.etag}"`, LastModified: new Date(object.modified) } };
  }

  async function listObjectsV2(input: S3.ListObjectsV2CommandInput): Answer<S3.ListObjectsV2CommandOutput> {
    knownFields('S3.ListObjectsV2', input, [
      'Bucket',
      'Prefix',
      'Delimiter',
      'MaxKeys',
      'ContinuationToken',
      'StartAfter',
      ...ABOUT_THE_CALL,
    ]);
    return listPage(bucketOf(input.Bucket).objects, input);
  }

  async function createBucket(input: S3.CreateBucketCommandInput): Answer<S3.CreateBucketCommandOutput> {
    knownFields('S3.CreateBucket', input, ['Bucket', 'CreateBucketConfiguration']);
    create(input.Bucket ?? '');
    return { Location: `/${input.Bucket}` };
  }

  async function headBucket(input: S3.HeadBucketCommandInput): Answer<S3.HeadBucketCommandOutput> {
    if (!buckets.has(input.Bucket ?? '')) throw notFound();
    return { BucketRegion: 'local' };
  }

  return {
    /** Answers the client's S3 calls from here; returns the detacher. */
    attach: (client: S3.S3Client): (() => void) =>
      attach(client, 'S3', {
        PutObject: putObject,
        GetObject: getObject,
        HeadObject: headObject,
        DeleteObject: deleteObject,
        DeleteObjects: deleteObjects,
        CopyObject: copyObject,
        ListObjectsV2: listObjectsV2,
        ...multipartCommands(bucketOf, store),
        CreateBucket: createBucket,
        HeadBucket: headBucket,
      }),
    /** Waits for changes under way. */
    async stop(): Promise<void> {
      await Promise.all([...buckets.values()].map(({ objects }) => objects.alone(async () => {})));
    },
  };
}

export type LocalS3 = ReturnType<typeof createS3>;
