import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { Forbidden, NotFound, PayloadTooLarge, Unauthenticated } from '#platform/errors.ts';
import { newId } from '#platform/ids.ts';
import { createServer } from '#platform/node-http.ts';
import { problemOf } from '#platform/problem.ts';
import type { Clock } from '../clock.ts';
import type { Lambda } from '../lambda/runtime.ts';
import { eventOf } from './event.ts';
import { close, listen } from './listening.ts';
import { authenticate, type LocalToken } from './tokens.ts';
import { isUpload, takeUpload } from './uploads.ts';

export interface HttpOptions {
  /** 0 takes any free port. */
  port: number;
  lambda: Lambda;
  clock: Clock;
  tokens: readonly LocalToken[];
  /** Which function answers a path: the longest prefix wins. */
  routes: readonly { prefix: string; function: string }[];
  /** What is answered without a token: `GET /health`, `GET /apis/documents/{api}/{pair}`. */
  openRoutes: readonly string[];
}

export interface HttpServer {
  /** For example `http://127.0.0.1:4280`. */
  url: string;
  /** Takes no more requests, lets running ones end for up to 2 s, then cuts them off. */
  stop(): Promise<void>;
}

const largestBody = 6 * 1_048_576;
/** Of what goes past the functions, straight to the local S3. */
const largestUpload = 64 * 1_048_576;
/** API Gateway gives an integration 30 s. */
const integrationTimeoutMs = 30_000;

const functionAnswer = z.object({
  statusCode: z.int().min(100).max(599),
  headers: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}),
  cookies: z.array(z.string()).default([]),
  body: z.string().default(''),
  isBase64Encoded: z.boolean().default(false),
});

/** The whole body, or undefined when it is over the limit (the rest is read and thrown away). */
async function readBody(request: IncomingMessage, largest = largestBody): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    // Without an encoding set, Node's requests yield buffers only.
    const piece: Buffer = chunk;
    bytes += piece.length;
    if (bytes <= largest) chunks.push(piece);
  }
  return bytes <= largest ? Buffer.concat(chunks) : undefined;
}

/** Only names of this machine: a web page that points its own name at 127.0.0.1 (DNS rebinding) is refused. */
function isLoopback(host: string | undefined): boolean {
  return /^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?$/i.test(host ?? '');
}

function send(
  response: ServerResponse,
  status: number,
  headers: Record<string, string>,
  body: string | Buffer,
): void {
  const length = status === 204 ? {} : { 'content-length': Buffer.byteLength(body) };
  response.writeHead(status, { ...headers, ...length });
  response.end(body);
}

function sendProblem(response: ServerResponse, error: unknown, requestId: string): void {
  const problem = problemOf(error, requestId);
  const headers = {
    'content-type': 'application/problem+json',
    'x-request-id': requestId,
    ...(problem.status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
  };
  send(response, problem.status, headers, JSON.stringify(problem));
}

/** API Gateway and its JWT authorizer for a laptop: on 127.0.0.1 only, with tokens of the data directory. */
export async function startHttp(options: HttpOptions): Promise<HttpServer> {
  const routes = [...options.routes].sort((a, b) => b.prefix.length - a.prefix.length);

  const open = options.openRoutes.map(
    (route) =>
      new RegExp(`^${route.replaceAll(/[.*+?^$()|[\]\\]/g, '\\$&').replaceAll(/\{\w+\}/g, '[^/]+')}$`),
  );
  const isOpen = (method: string | undefined, path: string) =>
    open.some((one) => one.test(`${method} ${path}`));

  function functionFor(path: string): string {
    const found = routes.find(
      ({ prefix }) => path === prefix || path.startsWith(`${prefix.replace(/\/$/, '')}/`),
    );
    if (found) return found.function;
    throw new NotFound(`Nothing is at ${path}`, { action: 'See /openapi.json for every path.' });
  }

  async function answer(
    request: IncomingMessage,
    response: ServerResponse,
    requestId: string,
  ): Promise<void> {
    if (!isLoopback(request.headers.host)) {
      throw new Forbidden(`The Host '${request.headers.host ?? ''}' is not this machine`, {
        action: 'Use http://127.0.0.1 or http://localhost.',
      });
    }
    if (isUpload(request)) {
      await takeUpload(request, (await readBody(request, largestUpload)) ?? Buffer.alloc(0), options.clock);
      send(response, 200, { 'x-request-id': requestId }, '');
      return;
    }
    const path = (request.url ?? '/').split('?')[0] ?? '/';
    const caller = authenticate(options.tokens, request.headers.authorization);
    if (caller === undefined && !isOpen(request.method, path)) {
      request.resume();
      throw new Unauthenticated('A bearer token of this platform is needed', {
        action: 'Send Authorization: Bearer <token> with the token of token.json in the data directory.',
      });
    }
    const name = functionFor(path);
    const body = await readBody(request);
    if (body === undefined) {
      throw new PayloadTooLarge(`The body is over ${largestBody} bytes`, {
        evidence: { limit: largestBody },
      });
    }
    const event = eventOf(request, body, { requestId, now: options.clock.now(), caller });
    const result = await options.lambda.invoke(name, event, { timeoutMs: integrationTimeoutMs });
    const json = { 'content-type': 'application/json', 'x-request-id': requestId };
    if ('errorType' in result) {
      // As API Gateway does: the function's own error never reaches the caller.
      const late = result.errorType === 'States.Timeout' || result.errorType === 'Sandbox.Timedout';
      const message = late ? 'Service Unavailable' : 'Internal Server Error';
      send(response, late ? 503 : 500, json, JSON.stringify({ message }));
      return;
    }
    const shaped = functionAnswer.safeParse(result.payload);
    if (!shaped.success) {
      send(response, 200, json, JSON.stringify(result.payload));
      return;
    }
    const { statusCode, headers, cookies, isBase64Encoded } = shaped.data;
    for (const cookie of cookies) response.appendHeader('set-cookie', cookie);
    const texts = Object.fromEntries(Object.entries(headers).map(([key, value]) => [key, String(value)]));
    send(response, statusCode, texts, Buffer.from(shaped.data.body, isBase64Encoded ? 'base64' : 'utf8'));
  }

  const server = createServer((request, response) => {
    const requestId = newId('req');
    // Its client would keep the connection for the next request, which does not come to a server that stops.
    response.once('close', () => {
      if (!server.listening) server.closeIdleConnections();
    });
    answer(request, response, requestId).catch((error: unknown) => {
      if (response.headersSent || response.destroyed) response.destroy();
      else sendProblem(response, error, requestId);
    });
  });
  server.requestTimeout = 30_000;
  server.headersTimeout = 10_000;
  server.keepAliveTimeout = 5_000;
  const port = await listen(server, options.port);
  return { url: `http://127.0.0.1:${port}`, stop: () => close(server) };
}
