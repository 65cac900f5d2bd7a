import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  ListSecretsCommand,
  PutSecretValueCommand,
  RotateSecretCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { virtualClock } from '../clock.ts';
import { createSecrets } from './secrets.ts';

const password = 'correct horse battery staple';

describe('the local Secrets Manager', () => {
  let directory: string;
  let client: SecretsManagerClient;
  const clock = virtualClock(1_800_000_000_000);

  function open(): void {
    client = new SecretsManagerClient({ region: 'local' });
    createSecrets({ directory, clock }).attach(client);
  }
  const get = (SecretId: string, more = {}) => client.send(new GetSecretValueCommand({ SecretId, ...more }));

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'secrets-'));
    open();
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it('keeps a value encrypted on disk, readable by its owner only', async () => {
    const { ARN } = await client.send(
      new CreateSecretCommand({ Name: 'shop/database', SecretString: password }),
    );
    expect(ARN).toMatch(/:secret:shop\/database-[a-zA-Z]{6}$/);
    const folder = join(directory, 'secrets');
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    const files = readdirSync(folder);
    expect(files).toHaveLength(2);
    for (const file of files) {
      expect(statSync(join(folder, file)).mode & 0o777).toBe(0o600);
      expect(readFileSync(join(folder, file), 'latin1')).not.toContain(password);
    }
    open();
    expect(await get(ARN ?? '')).toMatchObject({ SecretString: password, VersionStages: ['AWSCURRENT'] });
    await client.send(new CreateSecretCommand({ Name: 'bytes', SecretBinary: new Uint8Array([1, 2, 0]) }));
    expect((await get('bytes')).SecretBinary).toEqual(new Uint8Array([1, 2, 0]));
  });

  it('moves the stages when a new value is put, once per request token', async () => {
    await client.send(new CreateSecretCommand({ Name: 's', SecretString: 'one' }));
    const token = '0123456789abcdef0123456789abcdef';
    const put = new PutSecretValueCommand({ SecretId: 's', SecretString: 'two', ClientRequestToken: token });
    await client.send(put);
    await client.send(put);
    await client.send(new PutSecretValueCommand({ SecretId: 's', SecretString: 'three' }));
    expect((await get('s')).SecretString).toBe('three');
    expect((await get('s', { VersionStage: 'AWSPREVIOUS' })).SecretString).toBe('two');
    expect((await get('s', { VersionId: token })).SecretString).toBe('two');
    const described = await client.send(new DescribeSecretCommand({ SecretId: 's' }));
    expect(
      Object.values(described.VersionIdsToStages ?? {})
        .flat()
        .sort(),
    ).toEqual(['AWSCURRENT', 'AWSPREVIOUS']);
    expect(described).not.toHaveProperty('SecretString');
    const other = new PutSecretValueCommand({ SecretId: 's', SecretString: 'x', ClientRequestToken: token });
    await expect(client.send(other)).rejects.toMatchObject({ name: 'ResourceExistsException' });
  });

  it('deletes after the recovery window, or at once when told so', async () => {
    await client.send(new CreateSecretCommand({ Name: 's', SecretString: 'one' }));
    await client.send(new DeleteSecretCommand({ SecretId: 's', RecoveryWindowInDays: 7 }));
    await expect(get('s')).rejects.toMatchObject({ name: 'InvalidRequestException' });
    await clock.advance(8 * 86_400_000);
    await expect(get('s')).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    await client.send(new CreateSecretCommand({ Name: 's', SecretString: 'again' }));
    await client.send(new DeleteSecretCommand({ SecretId: 's', ForceDeleteWithoutRecovery: true }));
    await expect(get('s')).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });

  it('lists page by page, without values', async () => {
    for (const Name of ['b', 'a', 'c'])
      await client.send(new CreateSecretCommand({ Name, SecretString: password }));
    const first = await client.send(new ListSecretsCommand({ MaxResults: 2 }));
    const second = await client.send(new ListSecretsCommand({ MaxResults: 2, NextToken: first.NextToken }));
    expect([first, second].map((page) => page.SecretList?.map((secret) => secret.Name))).toEqual([
      ['a', 'b'],
      ['c'],
    ]);
    expect(second.NextToken).toBeUndefined();
    expect(JSON.stringify([first, second])).not.toContain(password);
  });

  it('notices a value that was exchanged, a missing key, and calls it does not know', async () => {
    const created = new CreateSecretCommand({ Name: 'a', SecretString: 'one' });
    await client.send(created);
    await expect(client.send(created)).rejects.toMatchObject({ name: 'ResourceExistsException' });
    await client.send(new CreateSecretCommand({ Name: 'b', SecretString: 'two' }));
    const folder = join(directory, 'secrets');
    const [first, second] = readdirSync(folder).filter((name) => name.endsWith('.json'));
    const one = JSON.parse(readFileSync(join(folder, first ?? ''), 'utf8'));
    const two = JSON.parse(readFileSync(join(folder, second ?? ''), 'utf8'));
    one.versions[0].sealed = two.versions[0].sealed;
    writeFileSync(join(folder, first ?? ''), JSON.stringify(one));
    open();
    await expect(get(one.name)).rejects.toMatchObject({ name: 'DecryptionFailure' });
    await expect(client.send(new RotateSecretCommand({ SecretId: 'a' }))).rejects.toThrow(
      /SecretsManager.RotateSecret is not available/,
    );
    await expect(get('a', { Unheard: 1 })).rejects.toThrow(/does not know the field Unheard/);
    rmSync(join(folder, 'key'));
    expect(() => open()).toThrow(/key is missing/);
  });
});
