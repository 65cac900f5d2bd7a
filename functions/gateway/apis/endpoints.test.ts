import { expect, it } from 'vitest';
import { endpointsOf } from './endpoints.ts';

const endpoints = endpointsOf([
  'GET /orders/{}',
  'GET /orders/mine',
  'GET /orders/{}/lines',
  'POST /orders',
  'GET /',
  'GET /constructor/{}',
]);

it.each([
  ['GET', '/orders/7', 'GET /orders/{}'],
  ['GET', '/orders/7/', 'GET /orders/{}'],
  ['HEAD', '/orders/7', 'GET /orders/{}'],
  ['GET', '/orders/mine', 'GET /orders/mine'],
  ['GET', '/orders/mine/lines', 'GET /orders/{}/lines'],
  ['POST', '/orders', 'POST /orders'],
  ['GET', '/', 'GET /'],
  ['GET', '/constructor/x', 'GET /constructor/{}'],
])('%s %s is %s', (method, path, key) => {
  expect(endpoints.of(method, path)).toBe(key);
});

it.each([
  ['DELETE', '/orders/7', 'DELETE /orders/{}'],
  ['GET', '/users/8c6d0b6e-31f5-4c39-9a57-8a0b9f3b8f7e/cards', 'GET /users/{}/cards'],
  ['GET', '/files/ord_7f3a9c21', 'GET /files/{}'],
  ['GET', '/a%20b', 'GET /{}'],
  ['HEAD', '/health', 'GET /health'],
  ['GET', `/${'a/'.repeat(40)}`, `GET /${'a/'.repeat(12)}…`],
])('%s %s, which nothing names, is %s', (method, path, key) => {
  expect(endpoints.of(method, path)).toBe(key);
});
