import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import { type HeaderFields, headerText } from '../serving/headers.ts';

const ways = new Map([
  ['gzip', promisify(gunzip)],
  ['x-gzip', promisify(gunzip)],
  ['deflate', promisify(inflate)],
  ['br', promisify(brotliDecompress)],
]);

/** What documents that are looked into may be, bytes: a compressed one may be a bomb. */
export const largestDocument = 6 * 1_048_576;

/** `application/json`, `application/problem+json`, with or without parameters. */
export const isJson = (headers: HeaderFields): boolean =>
  /^[\w!#$&^.+-]+\/(?:[\w!#$&^.+-]+\+)?json\s*(?:;|$)/i.test(headerText(headers, 'content-type') ?? '');

/**
 * The bytes without their content encodings. Undefined for an encoding that is not known here; throws RangeError or an
 * error of zlib when they are no such thing, or more than `largestDocument`.
 */
export async function decodedBody(body: Buffer, headers: HeaderFields): Promise<Buffer | undefined> {
  const encodings = (headerText(headers, 'content-encoding') ?? '')
    .split(',')
    .map((one) => one.trim().toLowerCase())
    .filter((one) => one !== '' && one !== 'identity');
  if (encodings.length > 2) return undefined;
  let bytes = body;
  for (const encoding of encodings.reverse()) {
    const decode = ways.get(encoding);
    if (decode === undefined) return undefined;
    bytes = await decode(bytes, { maxOutputLength: largestDocument });
  }
  return bytes;
}
