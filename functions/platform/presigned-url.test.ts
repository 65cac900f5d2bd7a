import { expect, it } from 'vitest';
import { presign, type Signing } from './presigned-url.ts';

/** The example of AWS's own documentation: Authenticating Requests, Using Query Parameters. */
const example: Signing = {
  method: 'GET',
  url: new URL('https://examplebucket.s3.amazonaws.com/test.txt'),
  headers: {},
  region: 'us-east-1',
  credentials: {
    accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
    secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  },
  at: Date.UTC(2013, 4, 24),
  expiresIn: 86_400,
};

it('signs the example of AWS as AWS does', () => {
  expect(presign(example).searchParams.get('X-Amz-Signature')).toBe(
    'aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404',
  );
});

it('signs method, length and path: another of them has another signature', () => {
  const put: Signing = { ...example, method: 'PUT', headers: { 'content-length': '7' } };
  const signature = (signing: Signing) => presign(signing).searchParams.get('X-Amz-Signature');
  const others = [
    example,
    put,
    { ...put, headers: { 'content-length': '8' } },
    { ...put, url: new URL('https://examplebucket.s3.amazonaws.com/a%20b/test.txt') },
    { ...put, expiresIn: 60 },
    { ...put, credentials: { ...put.credentials, sessionToken: 'token/+=' } },
  ].map(signature);
  expect(new Set(others).size).toBe(others.length);
  expect(presign(put).searchParams.get('X-Amz-SignedHeaders')).toBe('content-length;host');
});
