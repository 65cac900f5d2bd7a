import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders } from 'node:http';

/** One request that a receiver got. */
export interface Received {
  path: string;
  headers: IncomingHttpHeaders;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of many forms
  body: any;
}

export interface Receiver {
  url: string;
  /** What came to a path since it was last asked, in the order it came. */
  take: (path: string) => Received[];
  /** What a path answers from now on; 200 unless told otherwise. */
  answer: (path: string, status: number, headers?: Record<string, string>) => void;
  stop: () => Promise<void>;
}

/** Whoever events are sent to, on this machine. */
export async function startReceiver(): Promise<Receiver> {
  let received: Received[] = [];
  const answers = new Map<string, { status: number; headers: Record<string, string> }>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString('utf8');
      const path = request.url ?? '';
      received.push({ path, headers: request.headers, text, body: JSON.parse(text) });
      const { status, headers } = answers.get(path) ?? { status: 200, headers: {} };
      response.writeHead(status, headers).end(`answered ${status}`);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('The receiver has no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    take(path) {
      const found = received.filter((one) => one.path === path);
      received = received.filter((one) => one.path !== path);
      return found;
    },
    answer: (path, status, headers = {}) => void answers.set(path, { status, headers }),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Which of a message's signatures the secret made, as a receiver of Standard Webhooks would look. */
export function signaturesOf({ headers, text }: Received, secret: string): boolean[] {
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
  const content = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${text}`;
  const expected = `v1,${createHmac('sha256', key).update(content).digest('base64')}`;
  return String(headers['webhook-signature'])
    .split(' ')
    .map((signature) => signature === expected);
}
