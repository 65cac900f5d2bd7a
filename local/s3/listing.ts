import type { ListObjectsV2CommandInput, ListObjectsV2CommandOutput } from '@aws-sdk/client-s3';
import { type Bucket, byKey } from './objects.ts';

const LARGEST_PAGE = 1000;

/** One page of a bucket in the order of the keys' bytes, folders rolled up at the delimiter. At most 1,000 entries. */
export function listPage(
  bucket: Bucket,
  input: ListObjectsV2CommandInput,
): Omit<ListObjectsV2CommandOutput, '$metadata'> {
  const prefix = input.Prefix ?? '';
  const limit = Math.min(input.MaxKeys ?? LARGEST_PAGE, LARGEST_PAGE);
  const token = input.ContinuationToken;
  const after =
    token === undefined ? (input.StartAfter ?? '') : Buffer.from(token, 'base64url').toString('utf8');
  const contents: NonNullable<ListObjectsV2CommandOutput['Contents']> = [];
  const folders = new Set<string>();
  let last = '';
  let truncated = false;
  for (const key of bucket.keys()) {
    if (!key.startsWith(prefix)) continue;
    const cut = input.Delimiter ? key.indexOf(input.Delimiter, prefix.length) : -1;
    const folder = cut < 0 ? undefined : key.slice(0, cut + (input.Delimiter?.length ?? 0));
    if (byKey(folder ?? key, after) <= 0 || (folder !== undefined && folders.has(folder))) continue;
    if (contents.length + folders.size >= limit) {
      truncated = limit > 0;
      break;
    }
    last = folder ?? key;
    if (folder !== undefined) {
      folders.add(folder);
      continue;
    }
    const object = bucket.get(key);
    if (!object) continue;
    contents.push({
      Key: key,
      Size: object.size,
      ETag: `"${object.etag}"`,
      LastModified: new Date(object.modified),
      StorageClass: 'STANDARD',
    });
  }
  return {
    Name: input.Bucket,
    Prefix: prefix,
    Delimiter: input.Delimiter,
    MaxKeys: limit,
    KeyCount: contents.length + folders.size,
    IsTruncated: truncated,
    ContinuationToken: token,
    StartAfter: input.StartAfter,
    ...(contents.length > 0 ? { Contents: contents } : {}),
    ...(folders.size > 0 ? { CommonPrefixes: [...folders].map((Prefix) => ({ Prefix })) } : {}),
    ...(truncated ? { NextContinuationToken: Buffer.from(last).toString('base64url') } : {}),
  };
}
