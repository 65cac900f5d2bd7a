import type * as S3 from '@aws-sdk/client-s3';
import { knownFields } from '../known-fields.ts';
import type { Body, Bucket, StoredObject, Written } from './objects.ts';
import {
  ADDRESS,
  bodyOf,
  CHECKS,
  checkedKey,
  checkReceived,
  headersOf,
  metadataOf,
  WHOLE,
} from './request.ts';
import type { openUploads } from './uploads.ts';

type Answer<T> = Promise<Omit<T, '$metadata'>>;

/** A bucket's objects and its unfinished uploads. */
export type Opened = { objects: Bucket; uploads: ReturnType<typeof openUploads> };
/** Writes bytes and, where the conditions hold, makes them an object. `limit` is in bytes. */
export type Store = (
  bucket: Opened,
  body: Body,
  describe: (written: Written) => Omit<StoredObject, 'data' | 'size' | 'sha256' | 'modified'>,
  conditions: { IfMatch?: string | undefined; IfNoneMatch?: string | undefined },
  limit?: number,
) => Promise<StoredObject>;

/** The calls of multipart uploads. */
export function multipartCommands(bucketOf: (name: string | undefined) => Opened, store: Store) {
  async function createMultipartUpload(
    input: S3.CreateMultipartUploadCommandInput,
  ): Answer<S3.CreateMultipartUploadCommandOutput> {
    knownFields('S3.CreateMultipartUpload', input, [...ADDRESS, ...WHOLE, 'ChecksumAlgorithm']);
    const key = checkedKey(input.Key);
    const UploadId = await bucketOf(input.Bucket).uploads.create({
      key,
      headers: headersOf(input),
      metadata: metadataOf(input.Metadata),
    });
    return { Bucket: input.Bucket, Key: key, UploadId };
  }

  async function uploadPart(input: S3.UploadPartCommandInput): Answer<S3.UploadPartCommandOutput> {
    knownFields('S3.UploadPart', input, [...ADDRESS, ...CHECKS, 'UploadId', 'PartNumber']);
    const { uploads } = bucketOf(input.Bucket);
    const { parts } = uploads.find(input.UploadId, input.Key);
    const part = await uploads.part(parts, input.PartNumber, bodyOf(input.Body), (written) =>
      checkReceived(written, input),
    );
    return { ETag: `"${part.etag}"` };
  }

  async function completeMultipartUpload(
    input: S3.CompleteMultipartUploadCommandInput,
  ): Answer<S3.CompleteMultipartUploadCommandOutput> {
    knownFields('S3.CompleteMultipartUpload', input, [
      ...ADDRESS,
      'UploadId',
      'MultipartUpload',
      'IfMatch',
      'IfNoneMatch',
    ]);
    const bucket = bucketOf(input.Bucket);
    const { upload, parts } = bucket.uploads.find(input.UploadId, input.Key);
    const { bytes, etag } = bucket.uploads.assemble(parts, input.MultipartUpload?.Parts ?? []);
    await store(bucket, bytes, () => ({ ...upload, etag }), input, Number.MAX_SAFE_INTEGER);
    bucket.uploads.abort(input.UploadId ?? '');
    return { Bucket: input.Bucket, Key: upload.key, ETag: `"${etag}"` };
  }

  async function abortMultipartUpload(
    input: S3.AbortMultipartUploadCommandInput,
  ): Answer<S3.AbortMultipartUploadCommandOutput> {
    knownFields('S3.AbortMultipartUpload', input, [...ADDRESS, 'UploadId']);
    const { uploads } = bucketOf(input.Bucket);
    uploads.find(input.UploadId, input.Key);
    uploads.abort(input.UploadId ?? '');
    return {};
  }

  return {
    CreateMultipartUpload: createMultipartUpload,
    UploadPart: uploadPart,
    CompleteMultipartUpload: completeMultipartUpload,
    AbortMultipartUpload: abortMultipartUpload,
  };
}
