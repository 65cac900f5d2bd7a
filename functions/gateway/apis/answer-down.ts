import type { Readable } from 'node:stream';
import { AnswerUnreadable, UpstreamUnreachable } from '../errors.ts';
import type { Answered, Failed } from '../serving/attempt.ts';
import { type HeaderFields, headerText } from '../serving/headers.ts';
import { decodedBody, isJson, largestDocument } from './bodies.ts';
import { markedTag } from './entity-tags.ts';
import { headersOf } from './parameters.ts';
import type { ReadyVersion } from './ready-version.ts';

/** Fields about the bytes as they came, which go out otherwise. */
const aboutBytes = [
  'content-encoding',
  'content-md5',
  'digest',
  'content-digest',
  'repr-digest',
  'accept-ranges',
];

const failed = (error: Failed['error'], atFault: boolean): Failed => ({
  kind: 'failed',
  error,
  cause: null,
  atFault,
});

/**
 * The answer of the service as a version of its API has it: whole, or a failure. What is not JSON passes as it is. Throws
 * TransformationFailed.
 */
export async function answerDown(
  version: ReadyVersion,
  endpoint: string,
  method: string,
  answered: Answered,
): Promise<Answered | Failed> {
  const { response, errors } = version.changes.touches(endpoint);
  if (!(answered.status >= 400 ? errors : response)) return answered;
  const headers = ofVersion(answered.headers, version.version);
  if (answered.status === 304) return { ...answered, headers };
  const empty = method === 'HEAD' || answered.status === 204 || headers['content-length'] === '0';
  if (!empty && headers['content-type'] !== undefined && !isJson(headers)) return answered;
  const bytes = empty ? Buffer.alloc(0) : await whole(answered.body);
  if (!Buffer.isBuffer(bytes)) return bytes;
  if (empty && !Buffer.isBuffer(answered.body)) answered.body.resume();
  const read = await documentOf(bytes, answered.headers, endpoint);
  if (read.failure !== undefined) return read.failure;
  const chain = await version.changes.chain();
  const document = { status: answered.status, headers, body: read.body };
  const lowered = chain.response(endpoint, document);
  const fields = lowered.headers === headers ? { ...headers } : headersOf(lowered.headers);
  for (const name of aboutBytes) delete fields[name];
  // What the body would be of a HEAD is not known.
  delete fields['content-length'];
  const body = lowered.body === undefined ? Buffer.alloc(0) : Buffer.from(JSON.stringify(lowered.body));
  if (method !== 'HEAD' && lowered.status !== 204) fields['content-length'] = String(body.length);
  return { kind: 'answered', status: lowered.status, headers: fields, body };
}

function ofVersion(headers: HeaderFields, version: string): HeaderFields {
  const tag = headerText(headers, 'etag');
  return tag === undefined ? headers : { ...headers, etag: markedTag(tag, version) };
}

async function whole(body: Readable | Buffer): Promise<Buffer | Failed> {
  if (Buffer.isBuffer(body)) return body;
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of body) {
      // Answers of services are read without an encoding: their chunks are buffers.
      const piece: Buffer = chunk;
      bytes += piece.length;
      if (bytes > largestDocument) {
        body.destroy();
        return unreadable(`more than ${largestDocument} bytes`);
      }
      chunks.push(piece);
    }
  } catch (cause) {
    return failed(new UpstreamUnreachable('The response broke off', { cause }), true);
  }
  return Buffer.concat(chunks);
}

const unreadable = (reason: string): Failed =>
  failed(
    new AnswerUnreadable(`The response cannot be changed into the version asked for: ${reason}`, {
      evidence: { reason },
    }),
    false,
  );

type Read = { body: unknown; failure?: undefined } | { failure: Failed };

async function documentOf(bytes: Buffer, headers: HeaderFields, endpoint: string): Promise<Read> {
  if (bytes.length === 0) return { body: undefined };
  try {
    const plain = await decodedBody(bytes, headers);
    if (plain === undefined)
      return { failure: unreadable(`${endpoint} answered in an encoding that is not known`) };
    return { body: JSON.parse(plain.toString('utf8')) };
  } catch (error) {
    const why = error instanceof Error ? error.message.slice(0, 200) : 'no JSON';
    return { failure: unreadable(`${endpoint} answered with what is not JSON: ${why}`) };
  }
}
