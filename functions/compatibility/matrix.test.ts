import { describe, expect, it } from 'vitest';
import { ConsumerContract } from './consumers.ts';
import { ServiceContract } from './contract.ts';
import { compatibilityMatrix } from './matrix.ts';

const version = (service: string, number: string, more: object = {}) => ({
  service,
  version: number,
  contract: ServiceContract.parse({ endpoints: [], ...more }),
});
const paths = (...names: string[]) => ({ endpoints: names.map((path) => ({ method: 'GET', path })) });
const shop = version('shop', '3.0.0', { dependencies: { orders: '^1.0.0' } });
const orders = [
  version('orders', '1.10.0', paths('/b')),
  version('orders', '1.2.0', paths('/a', '/b', '/c')),
  version('orders', '1.0.0', paths('/a', '/b')),
  version('orders', '2.0.0', paths('/b')),
];
const uses = (more: object) =>
  ConsumerContract.parse({
    consumer: 'shop',
    service: 'orders',
    ...more,
    endpoints: [{ method: 'GET', path: '/b' }],
  });
const candidates = (consumers: ConsumerContract[] = []) =>
  compatibilityMatrix([shop, ...orders], consumers).map((row) => [
    row.builtAgainst,
    ...row.candidates.map((one) => `${one.version} ${one.compatible}`),
  ]);

describe('the matrix', () => {
  it('lists the versions in the range and finds those that break nonetheless', () => {
    expect(candidates()).toEqual([['1.0.0', '1.0.0 true', '1.2.0 true', '1.10.0 false']]);
    const [row] = compatibilityMatrix([shop, ...orders]);
    expect(row?.candidates[2]?.breaking).toMatchObject([
      { rule: 'endpoint-removed', place: { endpoint: 'GET /a' } },
    ]);
  });

  it('takes into account what the dependant really uses', () => {
    expect(candidates([uses({})])).toEqual([['1.0.0', '1.0.0 true', '1.2.0 true', '1.10.0 true']]);
    expect(candidates([uses({ version: '2.9.0' })])).toEqual(candidates());
  });

  it('compares with what the consumer was built against', () => {
    expect(candidates([uses({ builtAgainst: '1.10.0' })])[0]?.[0]).toBe('1.10.0');
    expect(candidates([uses({ builtAgainst: '9.9.9' })])[0]?.[0]).toBe('1.0.0');
  });

  it('says of a dependency that is not registered that nothing is enough', () => {
    const row = {
      dependant: 'shop',
      version: '3.0.0',
      dependency: 'orders',
      range: '^1.0.0',
      candidates: [],
    };
    expect(compatibilityMatrix([shop])).toEqual([row]);
  });
});
