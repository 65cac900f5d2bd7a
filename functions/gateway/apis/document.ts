import { InvalidInput } from '#platform/errors.ts';
import type { HeaderFields } from '../serving/headers.ts';
import { decodedBody, isJson } from './bodies.ts';

/** A request's body as what needs its fields sees it; read and parsed once, and only when asked for. */
export interface RequestDocument {
  /** The bytes as they came. */
  bytes(): Promise<Buffer>;
  /** The JSON value; undefined where there is no body, or one of another media type. Throws InvalidInput. */
  value(): Promise<unknown>;
}

export function requestDocument(
  headers: HeaderFields,
  read: () => Buffer | Promise<Buffer>,
): RequestDocument {
  let bytes: Promise<Buffer> | undefined;
  let value: Promise<unknown> | undefined;
  const readOnce = () => (bytes ??= Promise.resolve(read()));
  return {
    bytes: readOnce,
    value: () => (value ??= readOnce().then((body) => parsed(body, headers))),
  };
}

async function parsed(body: Buffer, headers: HeaderFields): Promise<unknown> {
  if (body.length === 0 || (headers['content-type'] !== undefined && !isJson(headers))) return undefined;
  let reason = 'an encoding that is not known here';
  try {
    const plain = await decodedBody(body, headers);
    if (plain !== undefined) return JSON.parse(plain.toString('utf8'));
  } catch (error) {
    reason = error instanceof Error ? error.message.slice(0, 200) : 'unreadable';
  }
  throw new InvalidInput(`The body is not JSON: ${reason}`, {
    problems: [{ pointer: '/body', detail: 'Expected JSON' }],
    action: 'Send JSON, or say in Content-Type what it is.',
  });
}
