import type { IncomingMessage } from 'node:http';
import type { Gateway } from '#gateway/serving/gateway.ts';
import { newId } from '#platform/ids.ts';
import { createServer } from '#platform/node-http.ts';
import { close, listen } from './listening.ts';

/** What the gateway makes of a request: see functions/gateway/serving/request.ts. */
type ServingModule = typeof import('#gateway/serving/gateway.ts') &
  typeof import('#gateway/serving/request.ts');

export interface GatewayOptions {
  /** 0 takes any free one. */
  port: number;
  load: () => Promise<ServingModule>;
}

interface DataPlane {
  serving: ServingModule;
  gateway: Gateway;
}

export interface GatewayServer {
  url: string;
  /** Writes what was counted so far. */
  flush(): Promise<void>;
  /** Takes no more requests, lets running ones end for up to 2 s, then cuts them off; writes what was counted. */
  stop(): Promise<void>;
}

/** A laptop's process is not frozen between requests: what the last ones counted is written without another one. */
const flushEveryMs = 1_000;
const noBody = Buffer.alloc(0);

const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';

async function bodyOf(request: IncomingMessage, { largestBody, tooLarge }: ServingModule): Promise<Buffer> {
  const announced = Number(request.headers['content-length'] ?? 0);
  const chunks: Buffer[] = [];
  let bytes = 0;
  if (announced > largestBody) throw tooLarge(announced);
  for await (const chunk of request) {
    // Without an encoding set, Node's requests yield buffers only.
    const piece: Buffer = chunk;
    bytes += piece.length;
    if (bytes > largestBody) throw tooLarge(bytes);
    chunks.push(piece);
  }
  return Buffer.concat(chunks);
}

/** The REST API in front of the data plane for a laptop, on 127.0.0.1 only: the same code answers as in the cloud. */
export async function startGateway({ port, load }: GatewayOptions): Promise<GatewayServer> {
  /** The data plane, loaded by the first request: a platform that serves none starts without it. */
  let begun: Promise<DataPlane> | undefined;
  const dataPlane = (): Promise<DataPlane> => {
    begun ??= load().then((serving) => ({ serving, gateway: serving.createGateway() }));
    return begun;
  };
  const flush = async (): Promise<void> => {
    await (await begun)?.gateway.flush();
  };

  const server = createServer((request, response) => {
    const left = new AbortController();
    response.once('close', () => {
      if (!response.writableFinished) left.abort();
      if (!server.listening) server.closeIdleConnections();
    });
    const [path = '/', ...query] = (request.url ?? '/').split('?');
    const answered = dataPlane().then(({ serving, gateway }) =>
      gateway.serve(
        {
          method: request.method ?? 'GET',
          path,
          query: query.join('?'),
          headers: request.headers,
          body: () => (hasBody(request) ? bodyOf(request, serving) : noBody),
          address: request.socket.remoteAddress ?? '127.0.0.1',
          protocol: 'http',
          tenant: undefined,
          consumer: undefined,
          requestId: newId('req'),
          gone: left.signal,
        },
        ({ status, headers }) => {
          // What is left of a body that nobody reads: the connection cannot be used again.
          if (!request.complete && hasBody(request)) response.setHeader('connection', 'close');
          response.writeHead(status, headers);
          return response;
        },
      ),
    );
    void answered.finally(() => {
      if (!response.writableEnded) response.destroy();
    });
  });
  server.headersTimeout = 10_000;
  // Longer than any client keeps an idle connection: who closes first may close on a request that is on its way.
  server.keepAliveTimeout = 75_000;
  const bound = await listen(server, port);
  const timer = setInterval(() => void flush(), flushEveryMs);
  return {
    url: `http://127.0.0.1:${bound}`,
    flush,
    async stop() {
      clearInterval(timer);
      await close(server);
      await flush();
      (await begun)?.gateway.close();
    },
  };
}
