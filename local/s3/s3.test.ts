import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { virtualClock } from '../clock.ts';
import { createS3 } from './s3.ts';

const Bucket = 'artifacts';

describe('the local S3', () => {
  let directory: string;
  let client: S3Client;
  const clock = virtualClock(1_800_000_000_000);
  const objectsFolder = () => join(directory, 's3', Bucket, 'objects');

  function open(): void {
    client = new S3Client({ region: 'local' });
    createS3({ directory, clock, buckets: [Bucket] }).attach(client);
  }
  const put = (Key: string, Body: string | Uint8Array | Readable, more = {}) =>
    client.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));
  const get = (Key: string, more = {}) => client.send(new GetObjectCommand({ Bucket, Key, ...more }));
  const text = async (Key: string, more = {}) => (await get(Key, more)).Body?.transformToString();

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 's3-'));
    open();
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it('gives back what was put, also after a restart: bytes, ETag, headers and metadata', async () => {
    const body = 'planks and nails';
    const answer = await put('a/b c?.json', body, {
      ContentType: 'application/json',
      Metadata: { Ship: 'Theseus' },
    });
    const md5 = createHash('md5').update(body).digest('hex');
    expect(answer.ETag).toBe(`"${md5}"`);
    open();
    const found = await get('a/b c?.json', { ChecksumMode: 'ENABLED' });
    expect(await found.Body?.transformToString()).toBe(body);
    expect(found).toMatchObject({
      ContentLength: body.length,
      ContentType: 'application/json',
      Metadata: { ship: 'Theseus' },
      ETag: `"${md5}"`,
      LastModified: new Date(clock.now()),
      ChecksumSHA256: createHash('sha256').update(body).digest('base64'),
    });
    expect(await client.send(new HeadObjectCommand({ Bucket, Key: 'a/b c?.json' }))).toMatchObject({
      ContentLength: body.length,
    });
  });

  it('takes a stream and gives one', async () => {
    const pieces = Array.from({ length: 300 }, (_, at) => Buffer.alloc(1000, at));
    await put('stream', Readable.from(pieces));
    const { Body } = await get('stream');
    const back: Uint8Array[] = [];
    for await (const piece of Body as Readable) back.push(piece);
    expect(Buffer.concat(back).equals(Buffer.concat(pieces))).toBe(true);
  });

  it('reads every range as S3 does', async () => {
    await put('range', '0123456789');
    expect(await text('range', { Range: 'bytes=2-4' })).toBe('234');
    expect(await text('range', { Range: 'bytes=7-' })).toBe('789');
    expect(await text('range', { Range: 'bytes=-3' })).toBe('789');
    expect(await text('range', { Range: 'bytes=8-99' })).toBe('89');
    expect((await get('range', { Range: 'bytes=0-0' })).ContentRange).toBe('bytes 0-0/10');
    await expect(get('range', { Range: 'bytes=10-' })).rejects.toMatchObject({ name: 'InvalidRange' });
  });

  it('writes once under If-None-Match, whoever comes first, and leaves no bytes behind', async () => {
    const tries = await Promise.allSettled(
      ['a', 'b', 'c'].map((body) => put('once', body, { IfNoneMatch: '*' })),
    );
    expect(tries.filter((one) => one.status === 'fulfilled')).toHaveLength(1);
    for (const one of tries)
      if (one.status === 'rejected')
        expect(one.reason).toMatchObject({ name: 'PreconditionFailed', $metadata: { httpStatusCode: 412 } });
    expect(readdirSync(objectsFolder()).filter((name) => name.endsWith('.data'))).toHaveLength(1);
    const { ETag } = await client.send(new HeadObjectCommand({ Bucket, Key: 'once' }));
    await put('once', 'second', { IfMatch: ETag });
    await expect(put('once', 'third', { IfMatch: ETag })).rejects.toMatchObject({
      name: 'PreconditionFailed',
    });
    expect(await text('once')).toBe('second');
  });

  it('keeps the former object when the new bytes are not those announced or the stream breaks', async () => {
    await put('kept', 'whole');
    await expect(put('kept', 'other', { ContentLength: 99 })).rejects.toMatchObject({
      name: 'IncompleteBody',
    });
    await expect(put('kept', 'other', { ChecksumSHA256: 'AAAA' })).rejects.toMatchObject({
      name: 'BadDigest',
    });
    const broken = Readable.from(
      (async function* () {
        yield 'half';
        throw new Error('broken pipe');
      })(),
    );
    await expect(put('kept', broken)).rejects.toThrow('broken pipe');
    expect(await text('kept')).toBe('whole');
    writeFileSync(join(objectsFolder(), 'ffff.data'), 'left by a crash');
    writeFileSync(join(objectsFolder(), 'ffff.json.1-1.unfinished'), '{"half');
    open();
    expect(await text('kept')).toBe('whole');
    expect(readdirSync(objectsFolder())).toHaveLength(2);
  });

  it('lists in the order of UTF-8 bytes, page by page, with folders', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(
          fc.string({
            unit: fc.constantFrom('a', 'b', '/', 'é', '\u{FFFD}', '\u{1F6A2}'),
            minLength: 1,
            maxLength: 5,
          }),
          { maxLength: 8 },
        ),
        fc.integer({ min: 1, max: 3 }),
        fc.constantFrom(undefined, '/'),
        async (keys, MaxKeys, Delimiter) => {
          for (const key of keys) await put(key, 'x');
          const listed: string[] = [];
          let ContinuationToken: string | undefined;
          do {
            const page = await client.send(
              new ListObjectsV2Command({ Bucket, MaxKeys, Delimiter, ContinuationToken }),
            );
            const entries = [
              ...(page.Contents ?? []).map((one) => one.Key ?? ''),
              ...(page.CommonPrefixes ?? []).map((one) => one.Prefix ?? ''),
            ];
            expect(entries.length).toBeLessThanOrEqual(MaxKeys);
            listed.push(...entries.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
            ContinuationToken = page.NextContinuationToken;
          } while (ContinuationToken);
          const rolled = keys.map((key) =>
            Delimiter && key.includes('/') ? key.slice(0, key.indexOf('/') + 1) : key,
          );
          const expected = [...new Set(rolled)].sort((a, b) =>
            Buffer.compare(Buffer.from(a), Buffer.from(b)),
          );
          expect(listed).toEqual(expected);
          if (keys.length > 0)
            await client.send(
              new DeleteObjectsCommand({ Bucket, Delete: { Objects: keys.map((Key) => ({ Key })) } }),
            );
        },
      ),
      { numRuns: 25 },
    );
  });

  it('puts the parts of an upload together, and refuses wrong, small and disordered ones', async () => {
    const large = Buffer.alloc(5 * 1024 * 1024, 'x');
    const Key = 'large';
    const { UploadId } = await client.send(
      new CreateMultipartUploadCommand({ Bucket, Key, ContentType: 'text/plain' }),
    );
    const upload = (PartNumber: number, Body: Uint8Array) =>
      client.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body }));
    const complete = (Parts: { PartNumber: number; ETag: string | undefined }[]) =>
      client.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } }));
    const first = { PartNumber: 1, ETag: (await upload(1, large)).ETag };
    const small = { PartNumber: 2, ETag: (await upload(2, Buffer.from('small'))).ETag };
    const last = { PartNumber: 3, ETag: (await upload(3, Buffer.from('end'))).ETag };
    await expect(complete([first, { ...last, ETag: '"other"' }])).rejects.toMatchObject({
      name: 'InvalidPart',
    });
    await expect(complete([last, first])).rejects.toMatchObject({ name: 'InvalidPartOrder' });
    await expect(complete([first, small, last])).rejects.toMatchObject({ name: 'EntityTooSmall' });
    open();
    expect((await complete([first, last])).ETag).toMatch(/^"[0-9a-f]{32}-2"$/);
    expect(await client.send(new HeadObjectCommand({ Bucket, Key }))).toMatchObject({
      ContentLength: large.length + 3,
      ContentType: 'text/plain',
    });
    expect(await text(Key, { Range: 'bytes=-4' })).toBe('xend');
    await expect(complete([first, last])).rejects.toMatchObject({ name: 'NoSuchUpload' });
    const second = await client.send(new CreateMultipartUploadCommand({ Bucket, Key: 'gone' }));
    await client.send(new AbortMultipartUploadCommand({ Bucket, Key: 'gone', UploadId: second.UploadId }));
    expect(readdirSync(join(directory, 's3', Bucket, 'uploads'))).toEqual([]);
  });

  it('copies and deletes; a reader keeps what it opened', async () => {
    await put('from/é', 'one', { Metadata: { a: '1' } });
    await client.send(
      new CopyObjectCommand({ Bucket, Key: 'to', CopySource: `${Bucket}/from/${encodeURIComponent('é')}` }),
    );
    const reading = await get('to');
    await client.send(new DeleteObjectCommand({ Bucket, Key: 'to' }));
    await client.send(new DeleteObjectCommand({ Bucket, Key: 'to' }));
    expect(reading.Metadata).toEqual({ a: '1' });
    expect(await reading.Body?.transformToString()).toBe('one');
    await expect(get('to')).rejects.toMatchObject({ name: 'NoSuchKey' });
    await expect(client.send(new HeadObjectCommand({ Bucket, Key: 'to' }))).rejects.toMatchObject({
      name: 'NotFound',
    });
  });

  it('names the bucket, the call and the field that it does not know', async () => {
    await expect(client.send(new PutObjectCommand({ Bucket: 'nowhere', Key: 'a' }))).rejects.toMatchObject({
      name: 'NoSuchBucket',
    });
    await expect(put('a', 'x', { ACL: 'public-read' })).rejects.toThrow(
      /S3.PutObject does not know the field ACL/,
    );
    await expect(client.send(new GetObjectTaggingCommand({ Bucket, Key: 'a' }))).rejects.toThrow(
      /S3.GetObjectTagging is not available/,
    );
  });
});
