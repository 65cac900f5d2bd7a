import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { z } from 'zod';

// A receiver of webhooks as a consumer would write it: it takes a message only when the signature after Standard Webhooks
// is right and not older than five minutes, and each message once.

const Message = z.looseObject({
  type: z.string(),
  data: z.looseObject({ title: z.string(), text: z.string() }),
});
export type Message = z.infer<typeof Message>;

const longestMs = 5 * 60_000;

/** Whether a message of Standard Webhooks 1.0.0 is from who knows the secret (`whsec_…`), and of now (epoch ms). */
export function isGenuine(
  headers: Record<string, string | string[] | undefined>,
  body: string,
  { secret, now }: { secret: string; now: number },
): boolean {
  const [id, timestamp, signatures] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) =>
    String(headers[name] ?? ''),
  );
  if (Math.abs(now - Number(timestamp) * 1_000) > longestMs) return false;
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const expected = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest();
  return (signatures ?? '').split(' ').some((one) => {
    const given = Buffer.from(one.replace(/^v1,/, ''), 'base64');
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
}

export interface Receiver {
  /** Where messages of a consumer go. */
  urlOf(consumer: string): string;
  /** Messages that were not genuine. */
  forged(): number;
  close(): Promise<void>;
}

/** Starts the receivers of some consumers; `told` hears of each genuine message once. */
export async function startReceiver(options: {
  secretOf: (consumer: string) => string | undefined;
  now: () => number;
  told: (consumer: string, message: Message) => void;
}): Promise<Receiver> {
  const seen = new Set<string>();
  let forged = 0;
  const server = createServer(async (request, response) => {
    const consumer = (request.url ?? '').slice(1);
    const body = await text(request);
    const secret = options.secretOf(consumer);
    if (secret === undefined || !isGenuine(request.headers, body, { secret, now: options.now() })) {
      forged += 1;
      response.writeHead(401).end();
      return;
    }
    response.writeHead(204).end();
    const id = `${consumer} ${request.headers['webhook-id']}`;
    if (seen.has(id)) return;
    seen.add(id);
    options.told(consumer, Message.parse(JSON.parse(body)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null)
    throw new Error('The receiver of webhooks has no port');
  return {
    urlOf: (consumer) => `http://127.0.0.1:${address.port}/${consumer}`,
    forged: () => forged,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
