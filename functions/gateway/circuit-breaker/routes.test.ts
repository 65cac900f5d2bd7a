import type { Context } from 'aws-lambda';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { z } from 'zod';
import { startGatewayTable } from '#local/fixtures/gateway-table.ts';
import { handler } from '../api.ts';
import { type CircuitBreaker, circuitBreaker } from './circuit-breaker.ts';
import { CircuitOpen } from './errors.ts';

let close: () => Promise<void>;
let number = 0;
let name = '';

beforeAll(async () => {
  close = await startGatewayTable();
});
afterAll(() => close());
beforeEach(() => {
  number += 1;
  name = `orders/${number}.0.0`;
});

type Role = 'viewer' | 'operator' | 'administrator';
async function ask(
  method: 'GET' | 'POST',
  path: string,
  { role = 'operator' as Role, body = undefined as unknown } = {},
) {
  const [rawPath, rawQueryString = ''] = `/gateway/circuit-breakers${path}`.split('?');
  const answer = await handler(
    {
      version: '2.0',
      rawPath,
      rawQueryString,
      headers: { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      requestContext: {
        requestId: `request-${number}`,
        http: { method },
        authorizer: { jwt: { claims: { sub: 'olga', groups: [`theseus:${role}`] } } },
      },
    },
    // The handler asks no more of its context.
    { getRemainingTimeInMillis: () => 30_000 } as Context,
  );
  return { status: answer.statusCode, body: z.looseObject({}).parse(JSON.parse(answer.body ?? '{}')) };
}
const caller = (): CircuitBreaker => circuitBreaker({ name, waitMs: 60_000, policy: { minimumCalls: 2 } });
const fine = () => Promise.resolve('fine');
const fails = (breaker: CircuitBreaker) =>
  breaker.execute(() => Promise.reject(new Error('refused'))).catch(() => {});

it('shows what callers counted, and what opened it', async () => {
  const [one, other] = [caller(), caller()];
  await one.execute(fine);
  await one.flush();
  expect(await ask('GET', `/${name}`)).toMatchObject({
    status: 200,
    body: { name, state: 'closed', openings: 0, why: null, window: { calls: 1, failures: 0, slow: 0 } },
  });
  await fails(one);
  await fails(other);
  const { body } = await ask('GET', `/${name}`, { role: 'viewer' });
  expect(body).toMatchObject({
    state: 'open',
    openings: 1,
    why: { what: 'failures' },
    retryAt: expect.any(String),
    policy: { minimumCalls: 2, probes: 1 },
  });
});

it('is held open and closed by people', async () => {
  await caller().execute(fine);
  const isolated = await ask('POST', `/${name}/isolate`, { body: { reason: 'their database moves' } });
  expect(isolated).toMatchObject({
    status: 200,
    body: { state: 'isolated', isolated: { by: 'olga', reason: 'their database moves' } },
  });
  const refused = await caller()
    .execute(fine)
    .catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(CircuitOpen);
  expect(refused).toMatchObject({
    message: `The circuit breaker of ${name} is held open: their database moves`,
    evidence: { state: 'isolated', retryAfterMs: null },
  });
  const reset = await ask('POST', `/${name}/reset`, { body: { reason: 'it moved' } });
  expect(reset).toMatchObject({ status: 200, body: { state: 'closed', isolated: null, openings: 0 } });
  await expect(caller().execute(fine)).resolves.toBe('fine');
});

it('lists all by name, in pages', async () => {
  for (const version of ['2', '1', '3']) {
    name = `listed/${version}`;
    await caller().execute(fine);
  }
  const names: unknown[] = [];
  let cursor: unknown;
  do {
    const { body } = await ask('GET', `?limit=2${cursor === undefined ? '' : `&cursor=${cursor}`}`);
    names.push(
      ...z
        .array(z.looseObject({ name: z.string() }))
        .parse(body.items)
        .map((one) => one.name),
    );
    cursor = body.nextCursor;
  } while (cursor !== undefined);
  expect(names).toEqual(names.toSorted());
  expect(names).toEqual(expect.arrayContaining(['listed/1', 'listed/2', 'listed/3']));
});

it('refuses what is not there, has no reason, or is not allowed, and changes nothing', async () => {
  expect(await ask('GET', '/never/called')).toMatchObject({
    status: 404,
    body: { title: expect.any(String) },
  });
  expect(await ask('POST', '/never/called/isolate', { body: { reason: 'x' } })).toMatchObject({
    status: 404,
  });
  await caller().execute(fine);
  expect(await ask('POST', `/${name}/isolate`, { body: {} })).toMatchObject({ status: 400 });
  expect(await ask('POST', `/${name}/isolate`, { body: { reason: ' ' } })).toMatchObject({ status: 400 });
  expect(await ask('GET', '/or%20ders/1')).toMatchObject({ status: 400 });
  expect(await ask('GET', '?cursor=x')).toMatchObject({ status: 400 });
  const asViewer = { role: 'viewer' as const, body: { reason: 'x' } };
  expect(await ask('POST', `/${name}/isolate`, asViewer)).toMatchObject({ status: 403 });
  expect(await ask('POST', `/${name}/reset`, asViewer)).toMatchObject({ status: 403 });
  expect(await ask('GET', `/${name}`)).toMatchObject({ body: { state: 'closed' } });
});
