import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { s3 } from '#platform/clients.ts';
import { Forbidden } from '#platform/errors.ts';
import { presign } from '#platform/presigned-url.ts';
import type { Clock } from '../clock.ts';
import { artifactsBucket } from '../environment.ts';

/** What URLs with a signature are for here: one PUT of one object, as Amazon S3 takes it. */
export const isUpload = (request: IncomingMessage): boolean =>
  request.method === 'PUT' &&
  (request.url ?? '').startsWith(`/${artifactsBucket}/`) &&
  (request.url ?? '').includes('X-Amz-Signature=');

const refused = (why: string): Forbidden =>
  new Forbidden(`The upload is refused: ${why}`, {
    action: 'Ask for a new URL, and send exactly what it is for.',
  });

/** Takes the object of a URL that was signed here. Throws Forbidden for another, one that expired, or another length. */
export async function takeUpload(request: IncomingMessage, body: Buffer, clock: Clock): Promise<void> {
  const asked = new URL(request.url ?? '/', `http://${request.headers.host ?? ''}`);
  const given = Object.fromEntries(asked.searchParams);
  const time = given['X-Amz-Date']?.replace(
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/,
    '$1-$2-$3T$4:$5:$6Z',
  );
  const at = Date.parse(time ?? '');
  const expiresIn = Number(given['X-Amz-Expires']);
  if (!Number.isFinite(at) || !Number.isInteger(expiresIn)) throw refused('it has no signature of ours');
  const expected = presign({
    method: 'PUT',
    url: new URL(asked.pathname, asked.origin),
    headers: { 'content-length': String(body.length) },
    region: await s3().config.region(),
    credentials: await s3().config.credentials(),
    at,
    expiresIn,
  }).searchParams.get('X-Amz-Signature');
  const [ours, theirs] = [expected ?? '', given['X-Amz-Signature'] ?? ''].map((text) => Buffer.from(text));
  if (
    ours === undefined ||
    theirs === undefined ||
    ours.length !== theirs.length ||
    !timingSafeEqual(ours, theirs)
  )
    throw refused('its signature is not for this object and this length');
  if (clock.now() > at + expiresIn * 1_000) throw refused('its time is over');
  const key = decodeURIComponent(asked.pathname.slice(`/${artifactsBucket}/`.length));
  await s3().send(new PutObjectCommand({ Bucket: artifactsBucket, Key: key, Body: body }));
}
