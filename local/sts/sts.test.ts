import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { describe, expect, it } from 'vitest';
import { virtualClock } from '../clock.ts';
import { createRoles } from '../lambda/roles.ts';
import { createSts } from './sts.ts';

const arn = 'arn:aws:iam::111111111111:role/connector/shop';
const roles = createRoles([
  { arn, externalId: 'agreed', functions: ['shop-expand'] },
  { arn: `${arn}2`, externalId: 'agreed', functions: ['other-expand'] },
]);

function start() {
  const clock = virtualClock(Date.UTC(2026, 0, 1));
  const sts = createSts({ roles, clock });
  const client = new STSClient({ region: 'us-east-1' });
  sts.attach(client);
  const assume = (more: object = {}) =>
    client.send(
      new AssumeRoleCommand({ RoleArn: arn, RoleSessionName: 'theseus-r-1', ExternalId: 'agreed', ...more }),
    );
  return { clock, sts, assume };
}

describe('AssumeRole', () => {
  it('gives credentials that stand for the role until they end', async () => {
    const { clock, sts, assume } = start();
    const { Credentials: given, AssumedRoleUser: user } = await assume({ DurationSeconds: 900 });
    expect(user?.Arn).toBe('arn:aws:sts::111111111111:assumed-role/shop/theseus-r-1');
    const credentials = { accessKeyId: given?.AccessKeyId ?? '', sessionToken: given?.SessionToken };
    expect(sts.sessionOf(credentials)).toMatchObject({ roleArn: arn, name: 'theseus-r-1' });
    await clock.advance(900_000);
    expect(sts.sessionOf(credentials)).toBeUndefined();
  });

  it.each([
    ['a role nobody made', { RoleArn: `${arn}3` }, 'AccessDenied'],
    ['another external id', { ExternalId: 'guessed' }, 'AccessDenied'],
    ['no external id', { ExternalId: undefined }, 'AccessDenied'],
    ['a session name with blanks', { RoleSessionName: 'two words' }, 'ValidationError'],
    ['more than an hour', { DurationSeconds: 7_200 }, 'ValidationError'],
  ])('refuses %s', async (_, more, name) => {
    await expect(start().assume(more)).rejects.toMatchObject({ name, $fault: 'client' });
  });

  it('knows no token that it did not give', async () => {
    const { sts, assume } = start();
    const { Credentials: given } = await assume();
    expect(sts.sessionOf({ accessKeyId: 'local' })).toBeUndefined();
    expect(sts.sessionOf({ accessKeyId: 'local', sessionToken: given?.SessionToken })).toBeUndefined();
    expect(sts.sessionOf({ accessKeyId: given?.AccessKeyId ?? '', sessionToken: 'x' })).toBeUndefined();
  });
});

describe('a role', () => {
  it('invokes the functions of its connector and no others, which nobody else does', () => {
    expect(roles.refusal(arn, 'shop-expand')).toBeUndefined();
    expect(roles.refusal(arn, 'other-expand')).toContain('not authorized');
    expect(roles.refusal(arn, 'migrations-api')).toContain('not authorized');
    expect(roles.refusal(undefined, 'shop-expand')).toContain('the caller is not authorized');
    expect(roles.refusal(undefined, 'migrations-api')).toBeUndefined();
  });
});
