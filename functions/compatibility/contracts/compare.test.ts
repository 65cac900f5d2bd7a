import { describe, expect, it } from 'vitest';
import { ServiceContract } from '../contract.ts';
import { checkVersion, compareContracts } from './compare.ts';

const contract = (more: object = {}) => ServiceContract.parse({ endpoints: [], ...more });
const get = { method: 'GET', path: '/orders/{id}' };
const object = (required: string[] = []) => ({ type: 'object', required });
const event = (direction: string) => ({ name: 'order.placed', direction, schema: true });
const rules = (old: object, next: object) =>
  compareContracts(contract(old), contract(next)).changes.map(({ rule, level, pointer }) => [
    rule,
    level,
    pointer,
  ]);

describe('two contracts', () => {
  it('that are equal, or differ in names of parameters and order, are compatible without a bump', () => {
    const two = [get, { method: 'POST', path: '/orders' }];
    expect(compareContracts(contract({ endpoints: two }), contract({ endpoints: two }))).toEqual({
      compatible: true,
      bump: 'none',
      changes: [],
    });
    const renamed = { endpoints: [two[1], { ...get, path: '/orders/{order}' }] };
    expect(compareContracts(contract({ endpoints: two }), contract(renamed))).toMatchObject({
      bump: 'patch',
      changes: [],
    });
  });

  it.each([
    ['endpoint-removed', 'breaking', { endpoints: [get] }, {}, '/endpoints/0'],
    ['endpoint-added', 'info', {}, { endpoints: [get] }, '/endpoints/0'],
    [
      'request-input-required',
      'breaking',
      { endpoints: [get] },
      { endpoints: [{ ...get, input: object(['a']) }] },
      '/endpoints/0/input',
    ],
    [
      'request-input-added',
      'info',
      { endpoints: [get] },
      { endpoints: [{ ...get, input: object() }] },
      '/endpoints/0/input',
    ],
    [
      'request-input-removed',
      'warning',
      { endpoints: [{ ...get, input: object() }] },
      { endpoints: [get] },
      '/endpoints/0/input',
    ],
    [
      'response-output-removed',
      'breaking',
      { endpoints: [{ ...get, output: object() }] },
      { endpoints: [get] },
      '/endpoints/0/output',
    ],
    [
      'response-output-added',
      'info',
      { endpoints: [get] },
      { endpoints: [{ ...get, output: object() }] },
      '/endpoints/0/output',
    ],
    [
      'error-added',
      'info',
      { endpoints: [get] },
      { endpoints: [{ ...get, errors: { 404: object() } }] },
      '/endpoints/0/errors/404',
    ],
    [
      'error-removed',
      'info',
      { endpoints: [{ ...get, errors: { 404: object() } }] },
      { endpoints: [get] },
      '/endpoints/0/errors/404',
    ],
    ['published-event-removed', 'breaking', { events: [event('published')] }, {}, '/events/0'],
    ['consumed-event-removed', 'breaking', { events: [event('consumed')] }, {}, '/events/0'],
    ['published-event-added', 'info', {}, { events: [event('published')] }, '/events/0'],
    ['consumed-event-added', 'info', {}, { events: [event('consumed')] }, '/events/0'],
    ['dependency-added', 'warning', {}, { dependencies: { billing: '^1' } }, '/dependencies/billing'],
    ['dependency-removed', 'info', { dependencies: { billing: '^1' } }, {}, '/dependencies/billing'],
    [
      'dependency-narrowed',
      'warning',
      { dependencies: { billing: '^1.2.0' } },
      { dependencies: { billing: '^1.4.0' } },
      '/dependencies/billing',
    ],
    [
      'dependency-widened',
      'info',
      { dependencies: { billing: '^1.2.0' } },
      { dependencies: { billing: '>=1.2.0 <3' } },
      '/dependencies/billing',
    ],
  ])('%s is %s', (rule, level, old, next, pointer) => {
    expect(rules(old, next)).toEqual([[rule, level, pointer]]);
  });

  it('find what changed in inputs, outputs, errors and events, each by its direction', () => {
    const of = (schema: object) => ({
      endpoints: [{ ...get, input: schema, output: schema, errors: { 404: schema } }],
      events: [
        { ...event('published'), schema },
        { ...event('consumed'), schema },
      ],
    });
    const [text, short] = [of({ type: 'string' }), of({ type: 'string', maxLength: 2 })];
    expect(rules(text, short)).toEqual([
      ['request-max-length-lowered', 'breaking', '/endpoints/0/input'],
      ['consumed-event-max-length-lowered', 'breaking', '/events/1/schema'],
      ['response-max-length-lowered', 'info', '/endpoints/0/errors/404'],
      ['response-max-length-lowered', 'info', '/endpoints/0/output'],
      ['published-event-max-length-lowered', 'info', '/events/0/schema'],
    ]);
    expect(rules(short, text).filter(([, level]) => level === 'breaking')).toEqual([
      ['response-max-length-raised', 'breaking', '/endpoints/0/errors/404'],
      ['response-max-length-raised', 'breaking', '/endpoints/0/output'],
      ['published-event-max-length-raised', 'breaking', '/events/0/schema'],
    ]);
  });

  it('of which a shared definition changed show it once and name every place', () => {
    const of = (type: string) => ({
      definitions: { money: { properties: { amount: { type } } } },
      endpoints: ['/a', '/b'].map((path) => ({
        method: 'POST',
        path,
        input: { $ref: '#/definitions/money' },
      })),
    });
    const { changes } = compareContracts(contract(of('string')), contract(of('number')));
    expect(changes.map(({ place, pointer, example }) => [place, pointer, example?.document])).toEqual([
      [
        { kind: 'endpoint', endpoint: 'POST /a', part: 'input', field: '/amount' },
        '/definitions/money/properties/amount',
        { amount: 'a' },
      ],
      [
        { kind: 'endpoint', endpoint: 'POST /b', part: 'input', field: '/amount' },
        '/definitions/money/properties/amount',
        undefined,
      ],
    ]);
    expect(changes[1]?.message).toContain('Another change of the same definition has an example');
  });

  it('demand a bump: major for a break, minor for an addition', () => {
    const [none, one] = [contract(), contract({ endpoints: [get] })];
    expect(compareContracts(one, none)).toMatchObject({ compatible: false, bump: 'major' });
    expect(compareContracts(none, one)).toMatchObject({ compatible: true, bump: 'minor' });
  });

  it('ranges that say the same differently are no change', () => {
    expect(
      rules({ dependencies: { billing: '^1.2.0' } }, { dependencies: { billing: '>=1.2.0 <2.0.0-0' } }),
    ).toEqual([]);
  });
});

describe('a version number', () => {
  const verdict = (bump: 'none' | 'patch' | 'minor' | 'major') => ({
    compatible: bump !== 'major',
    bump,
    changes: [],
  });
  it.each([
    ['1.4.2', '2.0.0', 'major', true, '2.0.0'],
    ['1.4.2', '1.5.0', 'major', false, '2.0.0'],
    ['1.4.2', '1.5.0', 'minor', true, '1.5.0'],
    ['1.4.2', '1.4.3', 'minor', false, '1.5.0'],
    ['1.4.2', '1.4.3', 'patch', true, '1.4.3'],
    ['1.4.2', '1.4.3', 'none', true, '1.4.3'],
    ['1.4.2', '1.4.2', 'none', false, '1.4.3'],
    ['1.4.2', '1.4.1', 'none', false, '1.4.3'],
    ['0.3.1', '0.4.0', 'major', true, '0.4.0'],
    ['0.3.1', '0.3.2', 'major', false, '0.4.0'],
    ['0.3.1', '0.3.2', 'minor', true, '0.3.2'],
    ['0.0.1', '0.0.2', 'major', true, '0.0.2'],
    ['1.4.2', '2.0.0-rc.1', 'major', true, '2.0.0'],
    ['1.4.2', '1.5.0-rc.1', 'major', false, '2.0.0'],
    ['2.0.0-rc.1', '2.0.0-rc.2', 'major', true, '2.0.0'],
    ['2.0.0-rc.1', '2.0.0', 'major', true, '2.0.0'],
    ['2.0.0-rc.2', '2.0.0-rc.1', 'none', false, '2.0.0'],
  ] as const)('from %s to %s with %s: %s', (old, next, bump, enough, demanded) => {
    expect(checkVersion(old, next, verdict(bump))).toMatchObject({ enough, demanded });
  });

  it('that is too low is told with the lowest that is enough', () => {
    expect(checkVersion('1.4.2', '1.4.3', verdict('major')).message).toBe(
      'Expected 2.0.0 or higher after 1.4.2 for a breaking change, found 1.4.3',
    );
  });
});
