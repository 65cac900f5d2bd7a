import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { setClock, systemClock } from '#platform/clock.ts';
import { appConfigExtension } from './appconfig-extension.ts';
import { documentEndpoint } from './document-endpoint.ts';
import { storedKillSwitches } from './stored-kill-switches.ts';

const signal = new AbortController().signal;
let close = () => {};
afterEach(() => close());

interface Seen {
  url: string | undefined;
  tag: string | undefined;
  authorization: string | undefined;
}

/** A server that answers what it is told to, and what it was asked. */
async function server(answer: () => { status: number; headers?: Record<string, string>; body?: string }) {
  const seen: Seen[] = [];
  const listening = createServer(({ url, headers }, response) => {
    seen.push({ url, tag: headers['if-none-match'], authorization: headers.authorization });
    const { status, headers: more = {}, body } = answer();
    response.writeHead(status, more).end(body);
  });
  await new Promise<void>((resolve) => listening.listen(0, 'localhost', resolve));
  close = () => {
    listening.closeAllConnections();
    listening.close();
  };
  // Of a TCP server it is one.
  return { seen, port: (listening.address() as AddressInfo).port };
}

describe('the platform over HTTP', () => {
  it('is asked at an interval only that leaves a pause', () => {
    const endpoint = { url: 'http://localhost:9', environment: 'production', token: () => 'token' };
    expect(() => documentEndpoint({ ...endpoint, pollMs: Number.NaN })).toThrow('pollMs: expected 20');
  });

  it('is asked with the tag of what is known', async () => {
    let fresh = true;
    const { seen, port } = await server(() =>
      fresh
        ? {
            status: 200,
            headers: { etag: '"r1"' },
            body: '{"flags":{"flags":{}},"killSwitches":{"flags":{}},"revision":"r1"}',
          }
        : { status: 304 },
    );
    const feed = documentEndpoint({
      url: `http://localhost:${port}/`,
      environment: 'production',
      token: () => 'secret',
    });
    const first = await feed.ask(undefined, signal);
    expect(first).toMatchObject({
      documents: { flags: { flags: {} }, killSwitches: { flags: {} } },
      revision: 'r1',
    });
    fresh = false;
    expect((await feed.ask(first.cursor, signal)).documents).toBeUndefined();
    expect(seen).toEqual([
      { url: '/flags/environments/production/document', tag: undefined, authorization: 'Bearer secret' },
      { url: '/flags/environments/production/document', tag: '"r1"', authorization: 'Bearer secret' },
    ]);
  });

  it.each([
    [403, '{"detail":"The role viewer is needed"}', 'answered 403: The role viewer is needed'],
    [502, '<html>', 'answered 502'],
    [200, '{"flags":{}}', 'killSwitches'],
  ])('says what it answered instead: %s', async (status, body, message) => {
    const { port } = await server(() => ({ status, body }));
    const feed = documentEndpoint({
      url: `http://localhost:${port}`,
      environment: 'production',
      token: () => 't',
    });
    await expect(feed.ask(undefined, signal)).rejects.toThrow(message);
  });
});

it('older flags are taken back when nothing else comes for half a minute, and kill switches from whoever answers', async () => {
  let order = 7;
  const { port } = await server(() => ({
    status: 200,
    headers: { etag: `"${order}"` },
    body: JSON.stringify({ flags: { order }, killSwitches: { of: order }, revision: String(order), order }),
  }));
  let now = 1_800_000_000_000;
  const restore = setClock({ ...systemClock, now: () => now });
  const feed = documentEndpoint({
    url: `http://localhost:${port}`,
    environment: 'production',
    token: () => 't',
  });
  let cursor: string | undefined;
  const ask = async (which: number, afterMs: number) => {
    order = which;
    now += afterMs;
    const answer = await feed.ask(cursor, signal);
    cursor = answer.cursor;
    return [answer.documents?.flags, answer.documents?.killSwitches];
  };
  try {
    expect(await ask(7, 0)).toEqual([{ order: 7 }, { of: 7 }]);
    expect(await ask(6, 1_000)).toEqual([undefined, { of: 6 }]);
    expect(await ask(6, 29_999)).toEqual([undefined, { of: 6 }]);
    expect(await ask(7, 0)).toEqual([{ order: 7 }, { of: 7 }]);
    expect(await ask(6, 1)).toEqual([undefined, { of: 6 }]);
    expect(await ask(8, 1)).toEqual([{ order: 8 }, { of: 8 }]);
    expect(await ask(7, 1)).toEqual([undefined, { of: 7 }]);
    expect(await ask(7, 30_000)).toEqual([{ order: 7 }, { of: 7 }]);
  } finally {
    restore();
  }
});

describe('the extension of AppConfig', () => {
  it('is asked beside the function, and is new when its version is', async () => {
    const { seen, port } = await server(() => ({
      status: 200,
      headers: { 'configuration-version': '3' },
      body: '{"flags":{}}',
    }));
    const feed = appConfigExtension({ application: 'app', profile: 'production', part: 'flags', port });
    expect(await feed.ask(undefined, signal)).toEqual({
      documents: { flags: { flags: {} } },
      revision: '3',
      cursor: '3',
    });
    expect(await feed.ask('3', signal)).toEqual({ cursor: '3' });
    expect(seen[0]?.url).toBe('/applications/app/environments/production/configurations/production');
  });

  it('knows no kill switches where there are none, and is an error where there are no flags', async () => {
    const { port } = await server(() => ({ status: 404, body: 'no such profile' }));
    const of = (part: 'flags' | 'killSwitches') =>
      appConfigExtension({ application: 'app', profile: 'production', part, port });
    expect(await of('killSwitches').ask(undefined, signal)).toEqual({
      documents: { killSwitches: { flags: {} } },
    });
    await expect(of('flags').ask(undefined, signal)).rejects.toThrow('answered 404: no such profile');
  });
});

it('kill switches of the table are new when their revision is', async () => {
  const feed = storedKillSwitches('production', async () => ({
    document: { flags: { a: 1 } },
    revision: '4',
  }));
  expect(await feed.ask(undefined, signal)).toEqual({
    documents: { killSwitches: { flags: { a: 1 } } },
    revision: '4',
    cursor: '4',
  });
  expect(await feed.ask('4', signal)).toEqual({ cursor: '4' });
  const none = storedKillSwitches('production', async () => undefined);
  expect(await none.ask(undefined, signal)).toMatchObject({ documents: { killSwitches: { flags: {} } } });
});
