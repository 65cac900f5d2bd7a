import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { resolveDestination, setResolver } from './destination.ts';
import { exchange } from './exchange.ts';
import { post } from './post.ts';

let server: Server;
let port = 0;
let seen: { host: string | undefined; path: string | undefined; body: string }[] = [];
const answers: Record<string, (request: IncomingMessage, response: ServerResponse) => void> = {
  '/ok': (_, response) => response.end('taken'),
  '/redirect': (_, response) => response.writeHead(307, { location: '/ok' }).end(),
  '/busy': (_, response) => response.writeHead(503, { 'retry-after': '90' }).end('later'),
  '/endless': (_, response) => {
    const more = () => {
      while (!response.destroyed && response.write('x'.repeat(65_536)));
      if (!response.destroyed) response.once('drain', more);
    };
    more();
  },
  '/hangs': () => {},
  '/breaks': (request) => request.socket.destroy(),
};

beforeAll(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      seen.push({ host: request.headers.host, path: request.url, body: Buffer.concat(chunks).toString() });
      answers[request.url ?? '']?.(request, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  port = typeof address === 'object' && address !== null ? address.port : 0;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const environment = process.env.THESEUS_ENVIRONMENT;
const restore: (() => void)[] = [];
afterEach(() => {
  if (environment === undefined) delete process.env.THESEUS_ENVIRONMENT;
  else process.env.THESEUS_ENVIRONMENT = environment;
  for (const one of restore.splice(0).reverse()) one();
  seen = [];
});

function names(known: Record<string, string[]>): string[] {
  const asked: string[] = [];
  restore.push(
    setResolver(async (host) => {
      asked.push(host);
      const found = known[host];
      if (found === undefined) throw new Error(`getaddrinfo ENOTFOUND ${host}`);
      return found.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
    }),
  );
  return asked;
}
const sent = (path: string, more: { host?: string; timeoutMs?: number } = {}) =>
  post({
    url: `http://${more.host ?? '127.0.0.1'}:${port}${path}`,
    headers: { 'content-type': 'application/json' },
    body: '{"ü":1}',
    timeoutMs: more.timeoutMs ?? 30_000,
  });

describe('a POST to whoever a person named', () => {
  it('brings body and answer', async () => {
    process.env.THESEUS_ENVIRONMENT = 'local';
    expect(await sent('/ok')).toMatchObject({ status: 200, text: 'taken' });
    expect(seen).toEqual([{ host: `127.0.0.1:${port}`, path: '/ok', body: '{"ü":1}' }]);
    expect(await sent('/busy')).toMatchObject({ status: 503, retryAfter: '90' });
  });

  it('follows no redirect', async () => {
    process.env.THESEUS_ENVIRONMENT = 'local';
    expect(await sent('/redirect')).toMatchObject({ status: 307 });
    expect(seen).toHaveLength(1);
  });

  it('reads the beginning of an answer without end', async () => {
    process.env.THESEUS_ENVIRONMENT = 'local';
    expect(await sent('/endless')).toMatchObject({ status: 200, text: 'x'.repeat(1_000) });
  });

  it('gives up on whoever does not answer, and on a broken connection', async () => {
    process.env.THESEUS_ENVIRONMENT = 'local';
    await expect(sent('/hangs', { timeoutMs: 100 })).rejects.toMatchObject({
      name: 'DestinationUnreachable',
      message: expect.stringContaining('within 100 ms'),
    });
    await expect(sent('/breaks')).rejects.toMatchObject({ name: 'DestinationUnreachable' });
    names({});
    await expect(sent('/ok', { host: 'nowhere.test' })).rejects.toMatchObject({
      name: 'DestinationUnreachable',
      message: expect.stringContaining('nowhere.test'),
    });
  });

  it('asks for a name once and connects to the address that was checked', async () => {
    process.env.THESEUS_ENVIRONMENT = 'local';
    const asked = names({ 'receiver.test': ['127.0.0.1'] });
    expect(await sent('/ok', { host: 'receiver.test' })).toMatchObject({ status: 200 });
    expect(asked).toEqual(['receiver.test']);
    expect(seen[0]?.host).toBe(`receiver.test:${port}`);
  });

  it.each([
    ['https://127.0.0.1/', 'the platform itself'],
    ['https://2130706433/', 'the platform itself'],
    ['https://0x7f.1/', 'the platform itself'],
    ['https://[::1]/', 'the platform itself'],
    ['https://[::ffff:10.0.0.1]/', 'a private network'],
    ['https://169.254.169.254/latest/meta-data', 'a private network'],
    ['https://[fd00:ec2::254]/', 'a private network'],
    ['https://inside.test/', 'a private network'],
    ['https://mixed.test/', 'a private network'],
    ['http://example.test/', 'it is http'],
    ['file:///etc/passwd', 'it is file'],
    ['https://me:secret@example.test/', 'a user name or a password'],
    ['example.test', 'Expected a URL'],
  ])('is refused in deployed environments to %s', async (url, why) => {
    process.env.THESEUS_ENVIRONMENT = 'production';
    names({
      'inside.test': ['10.0.0.7'],
      'mixed.test': ['1.1.1.1', '10.0.0.7'],
      'example.test': ['1.1.1.1'],
    });
    const refused = post({ url, headers: {}, body: '', timeoutMs: 30_000 });
    await expect(refused).rejects.toMatchObject({
      name: 'DestinationRefused',
      message: expect.stringContaining(why),
    });
    await expect(refused).rejects.not.toMatchObject({ message: expect.stringContaining('secret') });
  });

  it('is refused to private addresses on a laptop, too', async () => {
    process.env.THESEUS_ENVIRONMENT = 'local';
    names({ 'outside.test': ['1.1.1.1'] });
    for (const url of ['http://192.168.0.1/', 'https://169.254.169.254/', 'http://outside.test/']) {
      await expect(post({ url, headers: {}, body: '', timeoutMs: 30_000 })).rejects.toMatchObject({
        name: 'DestinationRefused',
      });
    }
  });

  it('may be allowed into private networks, and never to what clouds tell their own machines', async () => {
    process.env.THESEUS_ENVIRONMENT = 'production';
    names({
      'vpc.test': ['10.0.0.7'],
      'mixed.test': ['10.0.0.7', '169.254.169.254'],
      'outside.test': ['1.1.1.1'],
    });
    const look = (url: string) =>
      resolveDestination(url, AbortSignal.timeout(30_000), { privateNetworks: true });
    for (const url of [
      'http://10.0.0.7:8080/',
      'https://vpc.test/',
      'http://vpc.test/',
      'https://outside.test/',
    ])
      await expect(look(url), url).resolves.toMatchObject({ url: new URL(url) });
    for (const url of [
      'http://169.254.169.254/latest/meta-data',
      'http://[fd00:ec2::254]/',
      'http://100.100.100.200/',
      'http://mixed.test/',
      'http://127.0.0.1/',
      'http://outside.test/',
      'ftp://vpc.test/',
    ])
      await expect(look(url), url).rejects.toMatchObject({ name: 'DestinationRefused' });
  });

  it('has a sister that asks without a body', async () => {
    process.env.THESEUS_ENVIRONMENT = 'local';
    const url = `http://127.0.0.1:${port}/ok`;
    expect(await exchange({ method: 'GET', url, headers: {}, timeoutMs: 30_000 })).toMatchObject({
      status: 200,
      text: 'taken',
    });
    expect(seen).toEqual([{ host: `127.0.0.1:${port}`, path: '/ok', body: '' }]);
  });
});
