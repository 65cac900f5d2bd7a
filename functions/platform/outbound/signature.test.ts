import { expect, it } from 'vitest';
import { secretText, signatureHeaders } from './signature.ts';

const message = {
  id: 'msg_27UH4WbU6Z5A5EzD8u03UvzRbpk',
  timestamp: 1_649_367_553,
  body: '{"email":"test@example.com","username":"test_user"}',
};
const secret = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD';

// The signature was made by the reference library, standardwebhooks 1.1.1.
it('signs as the reference library of Standard Webhooks does', () => {
  expect(signatureHeaders(message, [secret])).toEqual({
    'webhook-id': message.id,
    'webhook-timestamp': '1649367553',
    'webhook-signature': 'v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=',
  });
});

it('signs with every secret that is valid, the newest first', () => {
  const other = secretText(Buffer.alloc(24, 7));
  const [first, second, ...more] = (
    signatureHeaders(message, [other, secret])['webhook-signature'] ?? ''
  ).split(' ');
  expect(first).toMatch(/^v1,[A-Za-z0-9+/]{43}=$/);
  expect(second).toBe('v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=');
  expect(more).toEqual([]);
});
