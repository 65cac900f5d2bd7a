import type { PutObjectCommandInput } from '@aws-sdk/client-s3';
import { preconditionFailed, s3Failure } from './failures.ts';
import type { Body, StoredObject, Written } from './objects.ts';

/** S3's limit of one PutObject or UploadPart. */
export const LARGEST_PUT = 5 * 1024 ** 3;

/** What S3 keeps with an object and gives back as it was given. */
export const HEADERS = [
  'ContentType',
  'ContentEncoding',
  'ContentDisposition',
  'ContentLanguage',
  'CacheControl',
  'ServerSideEncryption',
  'SSEKMSKeyId',
  'StorageClass',
] as const;

/** What says how a call is made, not what is stored: no effect here. */
export const ABOUT_THE_CALL = ['ExpectedBucketOwner', 'RequestPayer', 'BucketKeyEnabled'] as const;

export const ADDRESS = ['Bucket', 'Key', ...ABOUT_THE_CALL] as const;
export const WHOLE = ['Metadata', ...HEADERS] as const;
export const CHECKS = ['Body', 'ContentLength', 'ContentMD5', 'ChecksumAlgorithm', 'ChecksumSHA256'] as const;

export function headersOf(
  input: { [header in (typeof HEADERS)[number]]?: string | undefined },
): Record<string, string> {
  return Object.fromEntries(
    HEADERS.flatMap((header) => (input[header] === undefined ? [] : [[header, input[header]]])),
  );
}

export function bodyOf(body: PutObjectCommandInput['Body']): Body {
  if (body === undefined) return [];
  if (typeof body === 'string' || body instanceof Uint8Array) return [body];
  if (body instanceof Blob) return body.stream();
  if (Symbol.asyncIterator in body) return body;
  throw new Error('S3 takes a body of text, bytes, a Blob or a stream.');
}

/** Keys have 1 to 1,024 bytes. */
export function checkedKey(key: string | undefined): string {
  const bytes = Buffer.byteLength(key ?? '');
  if (!key || bytes > 1024)
    throw s3Failure('KeyTooLongError', 400, `A key has 1 to 1024 bytes, this one has ${bytes}.`);
  return key;
}

/** Refuses bytes that are not those the caller meant to send. */
export function checkReceived(
  written: Written,
  meant: {
    ContentLength?: number | undefined;
    ContentMD5?: string | undefined;
    ChecksumSHA256?: string | undefined;
  },
): void {
  if (meant.ContentLength !== undefined && meant.ContentLength !== written.size) {
    throw s3Failure(
      'IncompleteBody',
      400,
      `ContentLength is ${meant.ContentLength}, ${written.size} bytes arrived.`,
    );
  }
  const md5 = Buffer.from(written.md5, 'hex').toString('base64');
  if (meant.ContentMD5 !== undefined && meant.ContentMD5 !== md5) {
    throw s3Failure('BadDigest', 400, `ContentMD5 is ${meant.ContentMD5}, that of the bytes is ${md5}.`);
  }
  if (meant.ChecksumSHA256 !== undefined && meant.ChecksumSHA256 !== written.sha256) {
    throw s3Failure(
      'BadDigest',
      400,
      `ChecksumSHA256 is ${meant.ChecksumSHA256}, that of the bytes is ${written.sha256}.`,
    );
  }
}

type Conditions = { IfMatch?: string | undefined; IfNoneMatch?: string | undefined };
const unquoted = (etag: string) => etag.replace(/^"(.*)"$/, '$1');

/** The conditions of a write: IfMatch an ETag, IfNoneMatch only `*`. */
export function checkBeforeWrite(
  existing: StoredObject | undefined,
  { IfMatch, IfNoneMatch }: Conditions,
): void {
  if (IfNoneMatch !== undefined && IfNoneMatch !== '*') {
    throw s3Failure('NotImplemented', 501, 'A write takes IfNoneMatch with the value * only.');
  }
  if (IfNoneMatch === '*' && existing) throw preconditionFailed('If-None-Match');
  if (IfMatch !== undefined && !existing)
    throw s3Failure('NoSuchKey', 404, 'The specified key does not exist.');
  if (IfMatch !== undefined && IfMatch !== '*' && unquoted(IfMatch) !== existing?.etag)
    throw preconditionFailed('If-Match');
}

/** The conditions of a read. */
export function checkBeforeRead(existing: StoredObject, { IfMatch, IfNoneMatch }: Conditions): void {
  if (IfMatch !== undefined && IfMatch !== '*' && unquoted(IfMatch) !== existing.etag)
    throw preconditionFailed('If-Match');
  if (IfNoneMatch !== undefined && (IfNoneMatch === '*' || unquoted(IfNoneMatch) === existing.etag)) {
    throw s3Failure('304', 304, 'Not Modified');
  }
}

/** First and last byte of `bytes=a-b`, `bytes=a-` or `bytes=-n`; undefined, as S3 does, for what is no such range. */
export function rangeOf(
  header: string | undefined,
  size: number,
): { start: number; end: number } | undefined {
  const found = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  if (!found || (found[1] === '' && found[2] === '')) return undefined;
  const last = size - 1;
  const [start, end] =
    found[1] === ''
      ? [Math.max(0, size - Number(found[2])), last]
      : [Number(found[1]), found[2] === '' ? last : Math.min(Number(found[2]), last)];
  if (found[1] !== '' && found[2] !== '' && Number(found[2]) < Number(found[1])) return undefined;
  if (start > last)
    throw s3Failure('InvalidRange', 416, `The object has ${size} bytes; ${header} is not among them.`);
  return { start, end };
}

/** S3 keeps the names of metadata in lower case, at most 2 kB in all. */
export function metadataOf(given: Record<string, string> | undefined): Record<string, string> {
  const metadata = Object.fromEntries(
    Object.entries(given ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
  );
  if (Buffer.byteLength(Object.entries(metadata).flat().join('')) > 2048) {
    throw s3Failure('MetadataTooLarge', 400, 'The metadata of an object has more than 2048 bytes.');
  }
  return metadata;
}
