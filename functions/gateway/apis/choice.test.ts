import { expect, it } from 'vitest';
import { InvalidInput } from '#platform/errors.ts';
import { type Asked, versionReader } from './choice.ts';

const asked = (more: Partial<Asked> = {}): Asked => ({ path: '/', query: '', headers: {}, ...more });

it('reads a header', () => {
  const read = versionReader({ by: 'header', name: 'acme-version' });
  expect(read(asked({ headers: { 'acme-version': ' 1.2.0 ' } })).named).toBe('1.2.0');
  expect(read(asked({ headers: { 'acme-version': ' ' } })).named).toBeUndefined();
});

it('takes the version off the path, and leaves paths that only look like one', () => {
  const read = versionReader({ by: 'path', template: '/v{version}' });
  expect(read(asked({ path: '/v1/orders/v2' }))).toMatchObject({ named: '1', path: '/orders/v2' });
  expect(read(asked({ path: '/v2026-03-01' }))).toMatchObject({ named: '2026-03-01', path: '/' });
  expect(read(asked({ path: '/v1.2.0-rc.1/' }))).toMatchObject({ named: '1.2.0-rc.1', path: '/' });
  for (const path of ['/vehicles', '/', '/orders/v1', '/v1x%20y/orders']) {
    expect(read(asked({ path }))).toMatchObject({ named: undefined, path });
  }
  const api = versionReader({ by: 'path', template: '/api.{version}/x' });
  expect(api(asked({ path: '/api.3/x/y' }))).toMatchObject({ named: '3', path: '/y' });
  expect(api(asked({ path: '/apis3/x/y' }))).toMatchObject({ named: undefined });
});

it('takes the parameter out of the query and leaves the rest as it was sent', () => {
  const read = versionReader({ by: 'query', name: 'api-version' });
  const query = 'a=%7E1&api%2Dversion=1.0.0&b=x+y&a';
  expect(read(asked({ query }))).toMatchObject({ named: '1.0.0', query: 'a=%7E1&b=x+y&a' });
  expect(read(asked({ query: 'api-versions=1' }))).toMatchObject({
    named: undefined,
    query: 'api-versions=1',
  });
  expect(read(asked({ query: 'a=%' })).query).toBe('a=%');
  expect(() => read(asked({ query: 'api-version=1&api-version=2' }))).toThrow(InvalidInput);
});

it('takes media types for JSON', () => {
  const read = versionReader({ by: 'media-type', template: 'application/vnd.acme.v{version}+json' });
  const taken = read(
    asked({
      headers: {
        accept: 'text/html, application/vnd.acme.v2.1.0+json;q=0.9, */*',
        'content-type': 'application/vnd.acme.v2.1.0+json; charset=utf-8',
      },
    }),
  );
  expect(taken).toMatchObject({
    named: '2.1.0',
    mediaType: 'application/vnd.acme.v2.1.0+json',
    headers: {
      accept: 'text/html, application/json;q=0.9, */*',
      'content-type': 'application/json; charset=utf-8',
    },
  });
  expect(read(asked({ headers: { accept: 'application/json' } })).named).toBeUndefined();
  expect(read(asked({ headers: { accept: 'application/vnd.acmexv2+json' } })).named).toBeUndefined();
  const two = { accept: 'application/vnd.acme.v1+json', 'content-type': 'application/vnd.acme.v2+json' };
  expect(() => read(asked({ headers: two }))).toThrow('several versions: 1, 2');
});
