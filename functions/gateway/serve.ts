import { Writable } from 'node:stream';
import type { Context } from 'aws-lambda';
import { z } from 'zod';
import { createGateway } from './serving/gateway.ts';
import type { HeaderFields } from './serving/headers.ts';
import { type GatewayRequest, largestBody, type Respond, tooLarge } from './serving/request.ts';

// The data plane as a Lambda behind the catch-all resource of a REST API, whose integration streams responses.

/** The parts of a REST API's proxy event that are used. */
const ProxyEvent = z.object({
  httpMethod: z.string(),
  path: z.string(),
  multiValueHeaders: z.record(z.string(), z.array(z.string())).nullish(),
  multiValueQueryStringParameters: z.record(z.string(), z.array(z.string())).nullish(),
  body: z.string().nullish(),
  isBase64Encoded: z.boolean().default(false),
  requestContext: z.object({
    requestId: z.string(),
    identity: z.object({ sourceIp: z.string() }).optional(),
    authorizer: z.looseObject({ tenant: z.string().optional(), consumer: z.string().optional() }).nullish(),
  }),
});

interface ResponseHead {
  statusCode: number;
  headers: Record<string, string>;
  multiValueHeaders: Record<string, string[]>;
}

/** What Lambda's runtime for Node gives to functions that stream. Elsewhere packages may have put an object of this name. */
interface StreamingRuntime {
  streamifyResponse(
    handler: (event: unknown, stream: Writable, context: Context) => Promise<void>,
  ): (event: unknown, context: Context) => Promise<unknown>;
  HttpResponseStream: { from(stream: Writable, head: ResponseHead): Writable };
}
declare const awslambda: Partial<StreamingRuntime> | undefined;

const gateway = createGateway();
const nobodyLeaves = new AbortController().signal;

/** API Gateway decodes a query; what was decoded is encoded again. */
function queryOf(parameters: Record<string, string[]>): string {
  return Object.entries(parameters)
    .flatMap(([name, values]) =>
      values.map((value) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`),
    )
    .join('&');
}

/** Only what may not stand in a path is encoded: what is encoded already stays. */
const pathOf = (path: string): string => encodeURI(path).replaceAll(/%25(?=[0-9a-f]{2})/gi, '%');

/** A request as it came from a REST API. Throws ZodError when the event is of something else. */
export function requestOf(raw: unknown): GatewayRequest {
  const event = ProxyEvent.parse(raw);
  const headers: HeaderFields = {};
  for (const [name, values] of Object.entries(event.multiValueHeaders ?? {})) {
    const lower = name.toLowerCase();
    headers[lower] = values.length === 1 ? values[0] : values.join(lower === 'cookie' ? '; ' : ', ');
  }
  return {
    method: event.httpMethod,
    path: pathOf(event.path),
    query: queryOf(event.multiValueQueryStringParameters ?? {}),
    headers,
    body() {
      const bytes = Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8');
      if (bytes.length > largestBody) throw tooLarge(bytes.length);
      return bytes;
    },
    address: event.requestContext.identity?.sourceIp ?? '',
    protocol: 'https',
    tenant: event.requestContext.authorizer?.tenant,
    consumer: event.requestContext.authorizer?.consumer,
    requestId: event.requestContext.requestId,
    gone: nobodyLeaves,
  };
}

/** The head of a response as API Gateway takes it: fields of one value, and those of several. */
export function headOf({ status, headers }: Parameters<Respond>[0]): ResponseHead {
  const head: ResponseHead = { statusCode: status, headers: {}, multiValueHeaders: {} };
  for (const [name, value] of Object.entries(headers)) {
    if (Array.isArray(value)) head.multiValueHeaders[name] = value;
    else if (value !== undefined) head.headers[name] = value;
  }
  return head;
}

/** Without streaming, the response as one JSON: a REST API that waits for the whole of it understands this. */
async function whole(event: unknown): Promise<ResponseHead & { body: string; isBase64Encoded: boolean }> {
  let head: ResponseHead = { statusCode: 502, headers: {}, multiValueHeaders: {} };
  const chunks: Buffer[] = [];
  await gateway.serve(requestOf(event), (begun) => {
    head = headOf(begun);
    return new Writable({
      write(chunk: Buffer, _encoding, done) {
        chunks.push(chunk);
        done();
      },
    });
  });
  return { ...head, body: Buffer.concat(chunks).toString('base64'), isBase64Encoded: true };
}

function streaming({ streamifyResponse, HttpResponseStream }: StreamingRuntime) {
  return streamifyResponse((event, stream) =>
    gateway.serve(requestOf(event), (begun) => HttpResponseStream.from(stream, headOf(begun))),
  );
}

const runtime = typeof awslambda === 'undefined' ? {} : awslambda;
const isStreaming = (found: Partial<StreamingRuntime>): found is StreamingRuntime =>
  found.streamifyResponse !== undefined && found.HttpResponseStream !== undefined;

/** Forwards requests to services. */
export const handler = isStreaming(runtime) ? streaming(runtime) : whole;
