import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { authorizer } from './authorize.ts';
import type { ReadyRoute } from './serving/ready-route.ts';
import { routeCache } from './serving/route-cache.ts';

const token = 'a-token-of-thirty-two-random-bytes';
const route = (access: ReadyRoute['access']): ReadyRoute => ({
  service: 'orders',
  targets: [],
  canaries: [],
  sticky: null,
  mirror: null,
  retry: null,
  circuitBreaker: null,
  timeoutMs: 1_000,
  access,
  api: null,
  revision: 1,
  heldBy: null,
  updatedAt: '2026-01-01T00:00:00.000Z',
  updatedBy: 'ada',
});
const guarded = route({ kind: 'token', sha256: [createHash('sha256').update(token).digest('hex')] });
const routes: Record<string, ReadyRoute> = { orders: guarded, open: route({ kind: 'open' }) };
const authorize = authorizer(routeCache(async (service) => routes[service] ?? null));
const event = (path: string, headers: Record<string, string> = {}) => ({
  type: 'REQUEST',
  methodArn: `arn:aws:execute-api:eu-central-1:123456789012:abc/live/GET${path}`,
  path,
  headers,
});

describe('the authorizer of the gateway', () => {
  it('lets in who has a token of the route, in whatever case its header is written', async () => {
    const { policyDocument } = await authorize(event('/orders/7', { 'X-Theseus-Token': token }));
    expect(policyDocument.Statement).toEqual([
      { Action: 'execute-api:Invoke', Effect: 'Allow', Resource: event('/orders/7').methodArn },
    ]);
  });

  it('turns everybody else away with the word that API Gateway answers with 401', async () => {
    for (const headers of [{}, { 'x-theseus-token': 'another' }, { authorization: `Bearer ${token}` }])
      await expect(authorize(event('/orders/7', headers))).rejects.toThrow(/^Unauthorized$/);
  });

  it('leaves open routes open, and what leads nowhere to the data plane', async () => {
    expect((await authorize(event('/open'))).principalId).toBe('open');
    expect((await authorize(event('/nobody/x'))).principalId).toBe('nobody');
    expect((await authorize({ ...event('/'), headers: null })).principalId).toBe('');
  });
});
