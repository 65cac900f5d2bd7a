import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { setClock, systemClock } from '../clock.ts';
import { exportPoints, forgetOtlpFailures } from './export.ts';

const requests: { url: string | undefined; headers: NodeJS.Dict<string | string[]>; body: string }[] = [];
let answer = 200;
let server: Server;
let now = 1_000_000;
const complaints: unknown[] = [];
const log = { warn: (_: unknown, ...more: unknown[]) => void complaints.push(...more) };
const point = { name: 'a', unit: 's', description: 'b', value: 1, atMs: 5, attributes: {} };

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (data) => (body += String(data)));
    request.on('end', () => {
      requests.push({ url: request.url, headers: request.headers, body });
      response.writeHead(answer, answer === 302 ? { location: 'http://127.0.0.1:1/' } : {}).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => new Promise((resolve) => server.close(resolve)));
const restoreClock = setClock({ ...systemClock, now: () => now });
afterAll(restoreClock);
afterEach(() => {
  vi.unstubAllEnvs();
  forgetOtlpFailures();
  requests.length = 0;
  complaints.length = 0;
  answer = 200;
});

const endpoint = () => {
  const { port } = server.address() as AddressInfo; // it listens on a port
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', `http://127.0.0.1:${port}/base/`);
};

it('sends nothing where nobody asked for it', async () => {
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', '');
  expect(await exportPoints([point], log)).toBe('off');
  endpoint();
  vi.stubEnv('OTEL_SDK_DISABLED', 'true');
  expect(await exportPoints([point], log)).toBe('off');
  expect(requests).toEqual([]);
});

it('sends with the headers, the form and the resource of the standard variables', async () => {
  endpoint();
  vi.stubEnv('OTEL_EXPORTER_OTLP_HEADERS', 'api-key=a%3Db, other = c');
  vi.stubEnv('OTEL_EXPORTER_OTLP_PROTOCOL', 'http/json');
  vi.stubEnv('OTEL_RESOURCE_ATTRIBUTES', 'team=blue');
  expect(await exportPoints([point], log)).toBe('sent');
  expect(requests).toMatchObject([
    {
      url: '/base/v1/metrics',
      headers: { 'api-key': 'a=b', other: 'c', 'content-type': 'application/json' },
    },
  ]);
  expect(requests[0]?.body).toContain('{"key":"team","value":{"stringValue":"blue"}}');
  expect(requests[0]?.body).toContain('"timeUnixNano":"5000000"');
});

it('complains once a minute of what cannot be sent, and does not try at every call', async () => {
  endpoint();
  answer = 503;
  expect(await exportPoints([point], log)).toBe('failed');
  expect(await exportPoints([point], log)).toBe('failed');
  expect(requests).toHaveLength(1);
  now += 30_000;
  expect(await exportPoints([point], log)).toBe('failed');
  expect(requests).toHaveLength(2);
  expect(complaints).toEqual([{ signal: 'metrics', why: expect.stringContaining('503') }]);
  now += 30_000;
  await exportPoints([point], log);
  expect(complaints).toHaveLength(2);
});

it('quotes no header, however wrong it is', async () => {
  endpoint();
  vi.stubEnv('OTEL_EXPORTER_OTLP_HEADERS', 'api-key=hush%0Ahush');
  expect(await exportPoints([point], log)).toBe('failed');
  expect(complaints).toEqual([expect.objectContaining({ why: expect.stringContaining('malformed') })]);
  expect(JSON.stringify(complaints)).not.toContain('hush');
});

it('follows no redirect: the headers are for this endpoint only', async () => {
  endpoint();
  answer = 302;
  expect(await exportPoints([point], log)).toBe('failed');
});

it.each([
  ['OTEL_EXPORTER_OTLP_PROTOCOL', 'grpc', 'expected http/protobuf or http/json'],
  ['OTEL_EXPORTER_OTLP_ENDPOINT', 'collector:4317', 'no http or https URL'],
])('says what is wrong with %s', async (name, value, why) => {
  endpoint();
  vi.stubEnv(name, value);
  expect(await exportPoints([point], log)).toBe('failed');
  expect(complaints).toEqual([expect.objectContaining({ why: expect.stringContaining(why) })]);
});
