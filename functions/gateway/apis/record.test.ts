import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startGatewayTable } from '#local/fixtures/gateway-table.ts';
import { InvalidInput } from '#platform/errors.ts';
import { ServiceServesAnotherApi } from '../errors.ts';
import { putApi } from './record.ts';
import { readStamp } from './stamp.ts';
import { readApi } from './stored-api.ts';
import { apiRoute } from './testing/api-route.ts';

let close: () => Promise<void>;
beforeAll(async () => {
  close = await startGatewayTable();
});
afterAll(() => close());

const state = (service: string | null, revision: number, api = 'orders') =>
  apiRoute({ api, service, revision });

it('is the whole state, which put again changes nothing, and an older one is ignored', async () => {
  expect(await putApi(state('shop', 2))).toEqual({
    api: 'orders',
    service: 'shop',
    revision: 2,
    changed: true,
  });
  expect(await putApi(state('shop', 2))).toMatchObject({ revision: 2, changed: false });
  expect(await putApi(state('shop', 1))).toMatchObject({ revision: 2, changed: false });
  expect(await readStamp('shop')).toEqual({ api: 'orders', revision: 2 });
  expect(await readApi('shop')).toEqual(state('shop', 2));
});

it('leaves the service that it had, and an older state does not bring it back', async () => {
  await putApi(state('cellar', 1, 'stock'));
  await putApi(state('attic', 2, 'stock'));
  expect([await readStamp('cellar'), (await readStamp('attic'))?.revision]).toEqual([undefined, 2]);
  await putApi(state('cellar', 1, 'stock'));
  expect(await readStamp('cellar')).toBeUndefined();
  await putApi(state(null, 3, 'stock'));
  await putApi(state('attic', 2, 'stock'));
  expect([await readStamp('attic'), await readApi('attic')]).toEqual([undefined, undefined]);
});

it('whose calls cross ends as the newest says', async () => {
  const states = [
    state('a1', 1, 'crossing'),
    state('a2', 2, 'crossing'),
    state('a3', 3, 'crossing'),
    state('a2', 4, 'crossing'),
  ];
  await Promise.all(states.toReversed().map((one) => putApi(one)));
  expect(await Promise.all(['a1', 'a2', 'a3'].map((service) => readStamp(service)))).toEqual([
    undefined,
    { api: 'crossing', revision: 4 },
    undefined,
  ]);
});

it('takes no service from another API', async () => {
  await putApi(state('till', 1, 'payments'));
  await expect(putApi(state('till', 9, 'refunds'))).rejects.toThrow(ServiceServesAnotherApi);
  expect(await readStamp('till')).toEqual({ api: 'payments', revision: 1 });
});

it.each([
  [{ latest: '3.0.0' }, ['/latest']],
  [{ default: '3.0.0', pins: { web: '4.0.0' } }, ['/default', '/pins/web']],
  [{ limits: [{ consumer: '*', version: '9.0.0', requestsPerMinute: 1 }] }, ['/limits/0/version']],
  [{ versions: [{ version: '1.0.0' }, { version: '1.0.0' }] }, ['/versions/1/version']],
  [{ versions: [{ version: '1.0.0' }, { version: '2026-01-01' }] }, ['/versions']],
  [
    { versions: [{ version: '1.0.0', requestSchemas: { 'GET /': { $ref: 'https://acme.test/x' } } }] },
    ['/versions/0/requestSchemas/GET ~1'],
  ],
])('that does not fit together is refused and stored nowhere: %j', async (sketch, pointers) => {
  const refused = await putApi(apiRoute({ api: 'misfit', service: 'misfit', ...sketch })).catch(
    (error: unknown) => error,
  );
  expect(refused).toBeInstanceOf(InvalidInput);
  expect(refused).toMatchObject({ problems: pointers.map((pointer) => ({ pointer })) });
  expect(await readStamp('misfit')).toBeUndefined();
});

it('is refused when it is too large for the table', async () => {
  const versions = [{ version: '1.0.0', schema: randomBytes(400_000).toString('base64') }];
  await expect(putApi(apiRoute({ api: 'large', service: 'large', versions }))).rejects.toThrow('compressed');
  expect(await readStamp('large')).toBeUndefined();
});
