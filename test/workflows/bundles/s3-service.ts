import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  type GetObjectCommandOutput,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { s3 } from '#platform/clients.ts';
import type { Understood, WireAnswer, WireRequest } from './wire.ts';

const toXml = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
const fromXml = (text: string) =>
  text.replaceAll('&quot;', '"').replaceAll('&#34;', '"').replaceAll('&lt;', '<').replaceAll('&amp;', '&');
const xml = (name: string, fields: Record<string, string>) =>
  `<?xml version="1.0" encoding="UTF-8"?><${name}>${Object.entries(fields)
    .map(([key, value]) => `<${key}>${toXml(value)}</${key}>`)
    .join('')}</${name}>`;

const failure = ({ name, message, status }: Error & { status: number }): WireAnswer => ({
  status: name === 'NoSuchKey' ? 404 : status,
  headers: { 'content-type': 'application/xml' },
  body: xml('Error', { Code: name, Message: message }),
});

/** S3's protocol for the calls the product makes; buckets by path. A further call fails by its name. */
export function s3Service({ method, url, headers, body }: WireRequest): Understood {
  if (String(headers['content-encoding']).includes('aws-chunked')) {
    throw new Error('A body in signed chunks is not understood here');
  }
  const [, bucket = '', ...rest] = url.pathname.split('/').map(decodeURIComponent);
  const place = { Bucket: bucket, Key: rest.join('/') };
  const query = url.searchParams;
  const uploadId = query.get('uploadId') ?? '';
  const inHeader = (name: string) => (headers[name] === undefined ? undefined : String(headers[name]));

  const call = (
    command: string,
    send: () => Promise<object>,
    answer: (output: object) => WireAnswer | Promise<WireAnswer>,
  ): Understood => ({ command, input: place, send, answer, failure });
  const etag = (output: object): WireAnswer => ({
    status: 200,
    headers: { etag: 'ETag' in output ? String(output.ETag) : '' },
  });

  const wanted = `${method} ${query.has('uploads') ? 'uploads' : query.has('partNumber') ? 'part' : uploadId && 'upload'}`;
  switch (wanted) {
    case 'GET ':
      return call(
        'GetObject',
        () => s3().send(new GetObjectCommand(place)),
        async (output) => {
          const { Body, ETag, ContentType } = output as GetObjectCommandOutput; // of the line above
          const headers = { etag: ETag ?? '', 'content-type': ContentType ?? 'application/octet-stream' };
          return { status: 200, headers, body: (await Body?.transformToByteArray()) ?? '' };
        },
      );
    case 'PUT ': {
      const more = { ContentType: inHeader('content-type'), IfNoneMatch: inHeader('if-none-match') };
      return call(
        'PutObject',
        () => s3().send(new PutObjectCommand({ ...place, ...more, Body: body })),
        etag,
      );
    }
    case 'POST uploads':
      return call(
        'CreateMultipartUpload',
        () => s3().send(new CreateMultipartUploadCommand(place)),
        (output) => ({
          status: 200,
          body: xml('InitiateMultipartUploadResult', {
            UploadId: 'UploadId' in output ? String(output.UploadId) : '',
          }),
        }),
      );
    case 'PUT part': {
      const part = { ...place, UploadId: uploadId, PartNumber: Number(query.get('partNumber')), Body: body };
      return call('UploadPart', () => s3().send(new UploadPartCommand(part)), etag);
    }
    case 'POST upload': {
      const parts = body.toString('utf8').match(/<Part>.*?<\/Part>/gs) ?? [];
      const Parts = parts.map((part) => ({
        ETag: fromXml(/<ETag>(.*?)<\/ETag>/s.exec(part)?.[1] ?? ''),
        PartNumber: Number(/<PartNumber>(\d+)</.exec(part)?.[1]),
      }));
      const whole = { ...place, UploadId: uploadId, MultipartUpload: { Parts } };
      return call(
        'CompleteMultipartUpload',
        () => s3().send(new CompleteMultipartUploadCommand(whole)),
        () => ({
          status: 200,
          body: xml('CompleteMultipartUploadResult', { Bucket: place.Bucket, Key: place.Key }),
        }),
      );
    }
    case 'DELETE ':
      return call(
        'DeleteObject',
        () => s3().send(new DeleteObjectCommand(place)),
        () => ({ status: 204 }),
      );
    case 'DELETE upload': {
      const upload = { ...place, UploadId: uploadId };
      return call(
        'AbortMultipartUpload',
        () => s3().send(new AbortMultipartUploadCommand(upload)),
        () => ({ status: 204 }),
      );
    }
    default:
      throw new Error(`No answer is written for S3's ${method} ${url}`);
  }
}
