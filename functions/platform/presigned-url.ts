import { createHash, createHmac } from 'node:crypto';
import { s3 } from './clients.ts';
import { clock } from './clock.ts';

// AWS Signature Version 4 in the query of a URL: who has the URL may make this one request, until it expires.

export interface Signing {
  method: 'GET' | 'PUT';
  url: URL;
  /** Headers that the request must have, as lower-case names; `host` is always one. */
  headers: Readonly<Record<string, string>>;
  region: string;
  credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string | undefined };
  /** Epoch ms. */
  at: number;
  /** s; at most 604,800. */
  expiresIn: number;
}

const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
/** Everything but unreserved characters, as AWS writes it. */
const encoded = (text: string): string =>
  encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`,
  );

/** The URL with its signature for Amazon S3. */
export function presign({ method, url, headers, region, credentials, at, expiresIn }: Signing): URL {
  const time = new Date(at).toISOString().replaceAll(/[-:]|\.\d{3}/g, '');
  const scope = `${time.slice(0, 8)}/${region}/s3/aws4_request`;
  const signed = Object.entries({ ...headers, host: url.host }).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const names = signed.map(([name]) => name).join(';');
  const query = Object.entries({
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': `${credentials.accessKeyId}/${scope}`,
    'X-Amz-Date': time,
    'X-Amz-Expires': String(expiresIn),
    ...(credentials.sessionToken === undefined ? {} : { 'X-Amz-Security-Token': credentials.sessionToken }),
    'X-Amz-SignedHeaders': names,
  })
    .map(([name, value]) => `${encoded(name)}=${encoded(value)}`)
    .toSorted()
    .join('&');
  const request = [
    method,
    url.pathname
      .split('/')
      .map((step) => encoded(decodeURIComponent(step)))
      .join('/'),
    query,
    ...signed.map(([name, value]) => `${name}:${value.trim()}`),
    '',
    names,
    'UNSIGNED-PAYLOAD',
  ].join('\n');
  const digest = createHash('sha256').update(request).digest('hex');
  const key = [region, 's3', 'aws4_request'].reduce(
    hmac,
    hmac(`AWS4${credentials.secretAccessKey}`, time.slice(0, 8)),
  );
  const signature = hmac(key, ['AWS4-HMAC-SHA256', time, scope, digest].join('\n')).toString('hex');
  return new URL(`${url.origin}${url.pathname}?${query}&X-Amz-Signature=${signature}`);
}

/** Where an object is: in the bucket's own host, or below an endpoint that takes the place of Amazon S3. */
function objectUrl(bucket: string, key: string, region: string): URL {
  const endpoint = process.env.AWS_ENDPOINT_URL_S3 ?? process.env.AWS_ENDPOINT_URL;
  const path = key.split('/').map(encoded).join('/');
  return endpoint
    ? new URL(`${endpoint.replace(/\/$/, '')}/${bucket}/${path}`)
    : new URL(`https://${bucket}.s3.${region}.amazonaws.com/${path}`);
}

/** A URL that takes one object of exactly so many bytes, by PUT, within `expiresIn` s. */
export async function uploadUrl(object: {
  bucket: string;
  key: string;
  bytes: number;
  expiresIn: number;
}): Promise<string> {
  const region = await s3().config.region();
  const url = presign({
    method: 'PUT',
    url: objectUrl(object.bucket, object.key, region),
    headers: { 'content-length': String(object.bytes) },
    region,
    credentials: await s3().config.credentials(),
    at: clock.now(),
    expiresIn: object.expiresIn,
  });
  return url.href;
}
