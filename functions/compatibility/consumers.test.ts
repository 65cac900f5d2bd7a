import { describe, expect, it } from 'vitest';
import type { Change, Place } from './changes.ts';
import { verdictOf } from './changes.ts';
import { affects, ConsumerContract, forConsumer } from './consumers.ts';

const consumer = ConsumerContract.parse({
  consumer: 'shop',
  service: 'orders',
  endpoints: [
    { method: 'GET', path: '/orders/{order}', reads: ['/items/*/price', '/customer'], errors: ['404'] },
    { method: 'POST', path: '/orders', sends: ['/customer/name', '/items'] },
    { method: 'DELETE', path: '/orders/{id}' },
  ],
  events: [{ name: 'order.placed', direction: 'published', fields: ['/id'] }],
});

const change = (rule: string, place: Place): Change => ({
  rule,
  level: 'breaking',
  direction: 'request',
  place,
  pointer: '',
  message: '',
  remedy: '',
});
const at = (endpoint: string, more: Partial<Extract<Place, { kind: 'endpoint' }>> = {}): Place => ({
  kind: 'endpoint',
  endpoint,
  ...more,
});
const output = (field: string) => at('GET /orders/{}', { part: 'output', field });
const input = (field: string) => at('POST /orders', { part: 'input', field });
const placed = (field: string): Place => ({ kind: 'event', event: 'order.placed', role: 'published', field });

describe('a consumer', () => {
  it.each<[string, Place, boolean]>([
    ['endpoint-removed', at('GET /orders/{}'), true],
    ['endpoint-removed', at('GET /customers'), false],
    ['response-type-changed', output('/items/*/price'), true],
    ['response-type-changed', output('/items/*/price/amount'), true],
    ['response-type-changed', output('/items'), true],
    ['response-type-changed', output(''), true],
    ['response-type-changed', output('/items/*/name'), false],
    ['response-type-changed', output('/total'), false],
    ['response-type-changed', output('/customer/mail'), true],
    ['response-type-changed', at('GET /orders/{}', { part: 'error', status: '404' }), true],
    ['response-type-changed', at('GET /orders/{}', { part: 'error', status: '500' }), false],
    ['request-type-changed', input('/customer/name'), true],
    ['request-type-changed', input('/customer/mail'), false],
    ['request-property-became-required', input('/customer/mail'), true],
    ['request-property-became-required', input('/customer/name'), false],
    ['request-property-became-required', input('/voucher'), true],
    ['request-property-became-required', input('/voucher/code'), false],
    ['request-type-changed', at('DELETE /orders/{}', { part: 'input', field: '/reason' }), true],
    ['published-event-type-changed', placed('/id'), true],
    ['published-event-type-changed', placed('/total'), false],
    ['consumed-event-removed', { kind: 'event', event: 'order.placed', role: 'consumed' }, false],
    ['dependency-narrowed', { kind: 'dependency', service: 'billing' }, false],
  ])('%s at %j: %s', (rule, place, expected) => {
    expect(affects(consumer, change(rule, place))).toBe(expected);
  });

  it('goes on when only what it does not use breaks', () => {
    const verdict = verdictOf([change('response-type-changed', output('/total'))], true);
    expect(verdict.compatible).toBe(false);
    const own = forConsumer(verdict, consumer);
    expect(own).toMatchObject({ compatible: true, bump: 'minor', changes: [{ level: 'info' }] });
  });
});
