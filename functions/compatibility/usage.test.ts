import { describe, expect, it } from 'vitest';
import type { Change } from './changes.ts';
import { Usage, weighByUsage } from './usage.ts';

const at = '2026-10-01T00:00:00Z';
const usage = (...consumers: object[]) =>
  Usage.parse({
    from: at,
    to: '2026-10-31T00:00:00Z',
    sampled: 0.1,
    consumers: consumers.map((one, index) => ({ consumer: `c${index}`, version: '1', lastSeen: at, ...one })),
  });
const called = (more: object = {}) => ({
  endpoints: [{ endpoint: 'GET /orders/{}', requests: 3, errors: 0, ...more }],
});
const change = (
  rule: string,
  place: Partial<Extract<Change['place'], { kind: 'endpoint' }>> = {},
): Change => ({
  rule,
  level: 'breaking',
  direction: 'response',
  place: { kind: 'endpoint', endpoint: 'GET /orders/{}', ...place },
  pointer: '',
  message: 'It breaks',
  remedy: 'None.',
});
const weighed = (one: Change, ...consumers: object[]) => weighByUsage([one], usage(...consumers))[0];

describe('a break, held against usage', () => {
  const output = { part: 'output', field: '/total' } as const;
  it('is a warning with the window and the share when nobody used the field', () => {
    const found = weighed(change('response-type-widened', output), called({ received: ['/id', '/totals'] }));
    expect(found).toMatchObject({
      level: 'warning',
      message: `It breaks. Nobody used it between ${at} and 2026-10-31T00:00:00Z, 10 % of requests looked into`,
      adjusted: [{ by: 'usage', from: 'breaking' }],
    });
  });

  it('names who used it, at most ten', () => {
    const users = Array.from({ length: 12 }, () => called({ received: ['/total/amount'] }));
    const found = weighed(change('response-type-widened', output), ...users, called({ received: ['/id'] }));
    expect(found?.level).toBe('breaking');
    expect(found?.usedBy).toHaveLength(10);
    expect(found?.message).toContain('Used by c0, c1, c2, c3, c4, c5, c6, c7, c8, c9 and 2 more between');
  });

  it.each([
    ['fields that were not recorded', output, called()],
    ['a field above', output, called({ received: [''] })],
    [
      'any item',
      { part: 'output', field: '/items/3/price' } as const,
      called({ received: ['/items/*/price'] }),
    ],
    ['an endpoint that is called', {}, called({ received: [] })],
    ['a header of the answer', { ...output, header: 'etag' }, called({ received: [] })],
  ])('stays one with %s', (_, place, consumer) => {
    expect(weighed(change('response-type-widened', place), consumer)?.level).toBe('breaking');
  });

  it('by a property that is demanded hurts whoever did not send it', () => {
    const demanded = change('request-property-became-required', { part: 'input', field: '/address/zip' });
    expect(weighed(demanded, called({ sent: ['/address/street'] }))?.level).toBe('breaking');
    expect(weighed(demanded, called({ sent: ['/name'] }))?.level).toBe('warning');
    const top = change('request-property-became-required', { part: 'input', field: '/zip' });
    expect(weighed(top, called({ sent: [] }))?.level).toBe('breaking');
  });

  it('of a query parameter is weighed where these are recorded', () => {
    const parameter = { in: 'query', name: 'sort' } as const;
    const gone = change('request-parameter-removed', { part: 'input', parameter });
    expect(weighed(gone, called({ sent: ['?page'] }))?.level).toBe('warning');
    expect(weighed(gone, called({ sent: ['?page', '?sort'] }))?.level).toBe('breaking');
    expect(weighed(gone, called({ sent: ['/page'] }))?.level).toBe('breaking');
    const added = change('new-required-request-parameter', { part: 'input', parameter });
    expect(weighed(added, called({ sent: ['?page'] }))?.level).toBe('breaking');
  });

  it('of a GraphQL field is weighed by operations, and stays where these are unknown', () => {
    const gone: Change = {
      ...change('field-removed'),
      place: { kind: 'type', type: 'Order', field: 'total' },
    };
    const types = (field: string) => ({ types: [{ type: 'Order', field, operations: 1, requests: 0 }] });
    expect(weighed(gone, types('id'))?.level).toBe('warning');
    expect(weighed(gone, types('total'))?.usedBy).toEqual(['c0']);
    expect(weighed(gone, types('id'), {})?.level).toBe('breaking');
  });

  it('stays where usage says nothing of such a place, and what breaks nobody is not looked at', () => {
    expect(weighed({ ...change('api-x'), place: { kind: 'api' } })?.level).toBe('breaking');
    const warning: Change = { ...change('x'), level: 'warning' };
    expect(weighed(warning)).toBe(warning);
  });
});
