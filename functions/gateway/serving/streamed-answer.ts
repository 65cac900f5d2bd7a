import { Readable } from 'node:stream';
import type { InvokeWithResponseStreamResponseEvent } from '@aws-sdk/client-lambda';
import { z } from 'zod';
import { UpstreamUnreachable } from '../errors.ts';
import type { Attempt } from './attempt.ts';
import type { HeaderFields } from './headers.ts';

/** What a streaming function says before its body: JSON, then eight zero bytes. */
const Prelude = z.looseObject({
  statusCode: z.int().min(200).max(599).default(200),
  headers: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}),
  multiValueHeaders: z.record(z.string(), z.array(z.string())).default({}),
  cookies: z.array(z.string()).default([]),
});
const separator = Buffer.alloc(8);
const largestPrelude = 65_536;

async function* payloadOf(
  events: AsyncIterable<InvokeWithResponseStreamResponseEvent>,
): AsyncGenerator<Buffer> {
  for await (const { PayloadChunk, InvokeComplete } of events) {
    if (PayloadChunk?.Payload !== undefined) yield Buffer.from(PayloadChunk.Payload);
    if (InvokeComplete?.ErrorCode !== undefined)
      throw new UpstreamUnreachable(`The function broke off: ${InvokeComplete.ErrorCode}`, {
        evidence: { reason: InvokeComplete.ErrorCode },
      });
  }
}

/** The beginning of a streamed response, and the rest as it comes. Without a prelude all of it is the body of a 200. */
export async function streamedAnswer(
  events: AsyncIterable<InvokeWithResponseStreamResponseEvent> | undefined,
): Promise<Attempt> {
  const chunks = payloadOf(events ?? (async function* () {})());
  let head = Buffer.alloc(0);
  let end = -1;
  while (end < 0 && head.length < largestPrelude) {
    const next = await chunks.next();
    if (next.done) break;
    head = Buffer.concat([head, next.value]);
    end = head.indexOf(separator);
  }
  const prelude = end < 0 ? undefined : preludeOf(head.subarray(0, end));
  const first = prelude === undefined ? head : head.subarray(end + separator.length);
  const body = Readable.from(
    (async function* () {
      if (first.length > 0) yield first;
      yield* chunks;
    })(),
    { objectMode: false },
  );
  if (prelude === undefined)
    return { kind: 'answered', status: 200, headers: { 'content-type': 'application/octet-stream' }, body };
  const headers: HeaderFields = {};
  for (const [name, value] of Object.entries(prelude.headers)) headers[name.toLowerCase()] = String(value);
  for (const [name, values] of Object.entries(prelude.multiValueHeaders))
    headers[name.toLowerCase()] = values;
  if (prelude.cookies.length > 0) headers['set-cookie'] = prelude.cookies;
  return { kind: 'answered', status: prelude.statusCode, headers, body };
}

function preludeOf(bytes: Buffer): z.output<typeof Prelude> | undefined {
  try {
    return Prelude.parse(JSON.parse(bytes.toString('utf8')));
  } catch {
    return undefined;
  }
}
