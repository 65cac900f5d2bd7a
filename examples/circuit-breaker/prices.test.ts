import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { startGatewayTable } from '#local/fixtures/gateway-table.ts';
import { standingClock } from '../../functions/gateway/circuit-breaker/testing/time.ts';
import { handler } from './prices.ts';

let close: () => Promise<void>;
let status = 200;
let asked = 0;
const server = createServer((_request, response) => {
  asked += 1;
  response.writeHead(status).end('12.5');
});

beforeAll(async () => {
  // A busy machine is slow, and here no answer is late.
  vi.spyOn(AbortSignal, 'timeout').mockImplementation(() => new AbortController().signal);
  close = await startGatewayTable();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // Of a TCP server it is one.
  const { port } = server.address() as AddressInfo;
  process.env.PRICES_URL = `http://127.0.0.1:${port}`;
});
afterAll(async () => {
  vi.restoreAllMocks();
  delete process.env.PRICES_URL;
  server.closeAllConnections();
  server.close();
  await close();
});

it('a function of one’s own stops asking a service that is down, and finds out when it is back', async () => {
  const time = standingClock(1_800_000_000_000);
  try {
    expect(await handler({ product: 'tea' })).toEqual({ product: 'tea', price: 12.5 });
    status = 500;
    let answer: unknown;
    for (let call = 0; call < 30 && answer === undefined; call += 1) {
      answer = await handler({ product: 'tea' }).catch(() => undefined);
      time.advance(250);
    }
    expect(answer).toEqual({ product: 'tea', price: null, comeBackInMs: expect.any(Number) });
    const before = asked;
    await handler({ product: 'tea' });
    expect(asked).toBe(before);
    status = 200;
    time.advance(5_000);
    expect(await handler({ product: 'tea' })).toEqual({ product: 'tea', price: 12.5 });
  } finally {
    time.restore();
  }
});
