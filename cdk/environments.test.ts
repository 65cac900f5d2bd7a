import { describe, expect, it } from 'vitest';
import { environments } from './environments.ts';

describe('environments', () => {
  it('are dev, staging and production, wherever the credentials are, without any setting', () => {
    const found = environments();
    expect(found.map(({ name }) => name)).toEqual(['dev', 'staging', 'production']);
    expect(found.every(({ account, region }) => account === undefined && region === undefined)).toBe(true);
  });

  it('keep data everywhere but in dev, and ask a second person in production', () => {
    const [dev, staging, production] = environments();
    expect([dev?.keepData, staging?.keepData, production?.keepData]).toEqual([false, true, true]);
    expect(production).toMatchObject({ approval: 'high', authorMayApprove: false });
  });

  it('take settings as an object or as the text of a command line', () => {
    const settings = { name: 'ship', production: { account: '123456789012', region: 'eu-central-1' } };
    for (const context of [settings, JSON.stringify(settings)]) {
      expect(environments(context)[2]).toMatchObject({
        prefix: 'ship-production',
        account: '123456789012',
        region: 'eu-central-1',
        keepData: true,
      });
    }
  });

  it('take one setting of the gateway without the others', () => {
    const [dev, , production] = environments({ production: { gateway: { concurrency: 200 } } });
    expect(production?.gateway).toMatchObject({ deployed: true, concurrency: 200 });
    expect(dev?.gateway.concurrency).toBeNull();
  });

  it.each([
    ['a short account', { dev: { account: '123' } }, /dev\.account/],
    ['an unknown setting', { dev: { colour: 'red' } }, /colour/],
    ['an unknown environment', { test: {} }, /test/],
    ['a long name', { name: 'a-name-that-is-too-long' }, /name/],
    [
      'headers in place of their secret',
      { dev: { telemetry: { endpoint: 'https://otel.example', headers: 'api-key=1' } } },
      /headers/,
    ],
    ['text that is no JSON', '{dev', /not JSON/],
  ])('refuse %s and name it', (_, context, message) => {
    expect(() => environments(context)).toThrow(message);
  });
});
