import { expect, it } from 'vitest';
import { secretText, signatureHeaders } from '#platform/outbound/signature.ts';
import { isGenuine } from './receiver.ts';

const secret = secretText(Buffer.alloc(32, 7));
const now = 1_700_000_000_000;
const body = '{"type":"deprecation.announced"}';
const headers = signatureHeaders({ id: 'm1', timestamp: now / 1_000, body }, [secret]);

it('a receiver takes what the platform signed, and nothing that is changed, old, or of somebody else', () => {
  expect(isGenuine(headers, body, { secret, now })).toBe(true);
  const both = signatureHeaders({ id: 'm1', timestamp: now / 1_000, body }, [
    secretText(Buffer.alloc(32)),
    secret,
  ]);
  expect(isGenuine(both, body, { secret, now })).toBe(true);
  expect(isGenuine(headers, `${body} `, { secret, now })).toBe(false);
  expect(isGenuine({ ...headers, 'webhook-id': 'm2' }, body, { secret, now })).toBe(false);
  expect(isGenuine(headers, body, { secret, now: now + 5 * 60_000 + 1 })).toBe(false);
  expect(isGenuine(headers, body, { secret: secretText(Buffer.alloc(32)), now })).toBe(false);
  expect(isGenuine({}, body, { secret, now })).toBe(false);
});
