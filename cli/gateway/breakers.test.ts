import { expect, it } from 'vitest';
import { BreakerPolicy } from '#gateway/circuit-breaker/policy.ts';
import {
  isolated,
  leaseTaken,
  opened,
  probeFailed,
  registered,
} from '#gateway/circuit-breaker/transitions.ts';
import { breakerView } from '#gateway/circuit-breaker/views.ts';
import { Failure } from '../failure.ts';
import { breakerPath } from './breaker-path.ts';
import { describeBreaker } from './breakers.ts';

const policy = BreakerPolicy.parse({ slowMs: 1_000 });
const at = Date.UTC(2026, 0, 1);
const closed = registered('orders/1.4.0', policy, at);
const open = opened(closed, policy, at + 1_000, 0, {
  what: 'failures',
  calls: 2_000,
  failures: 1_200,
  slow: 3,
});
const probing = leaseTaken(open, policy, at + 6_000, 'somebody');
const said = (record: Parameters<typeof breakerView>[0]) => describeBreaker(breakerView(record));

it('says of each state why it is so and how it goes on', () => {
  expect(said(closed)).toBe('orders/1.4.0: closed since 2026-01-01T00:00:00.000Z');
  expect(said(open)).toBe(
    'orders/1.4.0: open since 2026-01-01T00:00:01.000Z; 1,200 of 2,000 calls failed; probes from 2026-01-01T00:00:06.000Z',
  );
  expect(said({ ...open, why: { what: 'slow', calls: 20, failures: 1, slow: 17 } })).toContain(
    '17 of 20 calls were slow',
  );
  expect(said(probing)).toContain('a probe is made, given up at 2026-01-01T00:00:36.000Z');
  expect(said({ ...probing, lease: null })).toContain('half open since');
  expect(said({ ...probing, lease: null })).toContain('the next call probes');
  expect(said(probeFailed(probing, policy, at + 7_000, 0))).toContain('a probe failed; probes from');
  expect(said(isolated(open, at, 'olga', 'their database moves'))).toContain(
    'held open by olga: their database moves',
  );
});

it('finds a breaker by the service and its version, and refuses any other name', () => {
  expect(breakerPath('orders/1.4.0+eu')).toBe('/gateway/circuit-breakers/orders/1.4.0%2Beu');
  for (const name of ['orders', 'orders/', '/1', 'a/b/c', 'or ders/1'])
    expect(() => breakerPath(name)).toThrow(Failure);
});
