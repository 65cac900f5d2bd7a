import { describe, expect, it } from 'vitest';
import { endToEnd, forwarded } from './headers.ts';

const came = (headers: Record<string, string>) =>
  forwarded({ headers, address: '192.0.2.7', protocol: 'https', requestId: 'req_1' }, 0);
const trace = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

describe('a forwarded request', () => {
  it('has no fields of the connection, and none that Connection names', () => {
    const headers = {
      connection: 'keep-alive, X-Private',
      'x-private': '1',
      'keep-alive': 'timeout=5',
      te: 'trailers',
      upgrade: 'websocket',
      'transfer-encoding': 'chunked',
      accept: 'text/html',
    };
    expect(endToEnd(headers)).toEqual({ accept: 'text/html' });
  });

  it('says who the client was', () => {
    expect(came({ host: 'shop.example', 'x-forwarded-for': '198.51.100.1' })).toMatchObject({
      'x-forwarded-for': '198.51.100.1, 192.0.2.7',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'shop.example',
    });
    expect(came({ 'x-forwarded-for': '192.0.2.7, 198.51.100.1' })['x-forwarded-for']).toBe(
      '192.0.2.7, 198.51.100.1',
    );
  });

  it('keeps its ids, or gets new ones', () => {
    expect(came({ 'x-correlation-id': 'order-7', traceparent: trace, tracestate: 'a=b' })).toMatchObject({
      'x-correlation-id': 'order-7',
      traceparent: trace,
      tracestate: 'a=b',
    });
    const fresh = came({ 'x-correlation-id': 'two words', traceparent: 'nonsense', tracestate: 'a=b' });
    expect(fresh['x-correlation-id']).toBe('req_1');
    expect(fresh.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    expect(fresh.tracestate).toBeUndefined();
  });

  it('keeps Authorization and loses what was for the gateway', () => {
    const sent = came({ authorization: 'Bearer of-the-service', 'x-theseus-token': 'of-the-gateway' });
    expect(sent.authorization).toBe('Bearer of-the-service');
    expect(sent).not.toHaveProperty('x-theseus-token');
  });
});
