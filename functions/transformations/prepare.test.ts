import { expect, it } from 'vitest';
import { compileChain } from './chain.ts';
import { prepareChanges } from './prepare.ts';

const now = () => performance.now();
const one = (operation: object) => ({ id: 'one', description: '', endpoints: 'all', request: [operation] });

it('takes the types away from modules', async () => {
  const source = `
    interface Order { total?: number }
    export function request(document: { body: Order }): { body: Order } {
      return { body: { ...document.body, total: (document.body.total as number) * 100 } };
    }`;
  const changes = await prepareChanges([one({ op: 'typescript', source })], { now });
  expect(JSON.stringify(changes)).not.toContain('interface');
  const chain = await compileChain(changes, { now });
  const document = { query: { a: '1' }, headers: {}, body: { total: 2 } };
  expect(chain.request('POST /a', document)).toEqual({
    query: { a: '1' },
    headers: {},
    body: { total: 200 },
  });
  expect(await prepareChanges(changes, { now })).toEqual(changes);
});

it('names what is wrong', async () => {
  const refused = (written: unknown) => expect(prepareChanges(written, { now })).rejects;
  await refused([{ ...one({ op: 'rename', at: '/a', to: 'b' }), loud: true }]).toMatchObject({
    name: 'InvalidInput',
    problems: [{ pointer: '/0/loud' }],
  });
  await refused([one({ op: 'rename', at: 'a', to: 'b' })]).toMatchObject({
    problems: [{ pointer: '/0/request/0/at' }],
  });
  await refused([one({ op: 'add', at: '/a' }), one({ op: 'add', at: '/b' })]).toThrow(/one twice/);
  await refused([one({ op: 'typescript', source: 'enum A { b }' })]).toMatchObject({
    problems: [{ pointer: '/0/request/0/source' }],
  });
  await refused([one({ op: 'jsonata', up: '(' })]).toMatchObject({
    problems: [{ pointer: '/request/0' }],
    message: expect.stringContaining('The change one cannot be compiled'),
  });
  await refused('no list').toThrow(/expected form/);
});
