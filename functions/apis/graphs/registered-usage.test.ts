import { expect, it } from 'vitest';
import type { Usage } from '#compatibility/usage.ts';
import { withRegistered } from './registered-usage.ts';

const usage = (consumers: Usage['consumers']): Usage => ({
  from: '2026-10-22T00:00:00Z',
  to: '2026-11-22T00:00:00Z',
  sampled: 0.1,
  consumers,
});
const client = (consumer: string, field: string, requests: number, version = '1.0.0') => ({
  consumer,
  version,
  lastSeen: `2026-11-${10 + requests}T00:00:00Z`,
  endpoints: [],
  types: [{ type: 'User', field, operations: 1, requests }],
});

it('is of a client what the gateway counted and what it registered, seen or not', () => {
  const found = withRegistered(
    usage([client('web', 'name', 5)]),
    usage([client('web', 'mail', 0), client('jobs', 'id', 0)]),
  );
  expect(found.sampled).toBe(0.1);
  expect(found.consumers).toMatchObject([
    {
      consumer: 'web',
      lastSeen: '2026-11-15T00:00:00Z',
      types: [{ field: 'name' }, { field: 'mail', requests: 1 }],
    },
    { consumer: 'jobs', types: [{ field: 'id', requests: 1 }] },
  ]);
});

it('is of each version by itself, and unknown where the gateway could not read it', () => {
  const unread = { ...client('web', 'name', 5), types: undefined };
  const found = withRegistered(
    usage([unread]),
    usage([client('web', 'mail', 2), client('web', 'mail', 2, '2.0.0')]),
  );
  expect(found.consumers.map(({ version, types }) => [version, types?.length])).toEqual([
    ['1.0.0', undefined],
    ['2.0.0', 1],
  ]);
});
