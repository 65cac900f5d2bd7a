import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import {
  CreateKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  RotateKeyOnDemandCommand,
} from '@aws-sdk/client-kms';
import { type ConfigurationClient, createConfigurationClient } from 'theseus/configuration';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { rotateDue } from '#configuration/secrets/rotation.ts';
import { open } from '#configuration/secrets/sealed.ts';
import { readVersion } from '#configuration/values/store.ts';
import { kms } from '#platform/kms-client.ts';
import { eventually, type Subject, startPlatform, type TestPlatform } from './platform.ts';

const first = 'correct-horse-0q8Zt3-battery-staple';
const second = 'tr0ub4dor-7Kp2Vx-and-three';
/** A value that is no secret: the search for secrets finds it, or finds nothing at all. */
const plain = 'plain-marker-9Wd4Hs-in-the-table';

const password = { namespace: 'shop', key: 'database.password', environment: 'production' };
const dayMs = 86_400_000;
const clients: ConfigurationClient[] = [];
const printed: string[] = [];
let platform: TestPlatform;

beforeAll(async () => {
  vi.stubEnv('POWERTOOLS_LOG_LEVEL', 'DEBUG');
  vi.stubEnv('LOG_LEVEL', 'DEBUG');
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed.push(String(text));
    return true;
  });
  platform = await startPlatform();
  // Peter reads it by his group, olga writes it by hers.
  await put('database.password', {
    secret: true,
    readers: ['theseus:approver'],
    writers: ['theseus:operator'],
  });
  await put('greeting', {});
});
afterAll(() => {
  for (const client of clients) client.close();
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

const put = async (key: string, body: object) => {
  const { status } = await platform.request('PUT', `/configuration/keys/shop/${key}`, { body });
  expect([200, 201]).toContain(status);
};

async function settled(id: string): Promise<string> {
  return eventually(async () => {
    const { body } = await platform.request('GET', `/configuration/updates/${id}`);
    return ['waiting', 'running', 'rolling_back'].includes(body.status) ? undefined : body.status;
  }, `the end of ${id}`);
}

async function change(changes: object[], subject: Subject = 'olga'): Promise<string> {
  const body = { changes, why: 'A test', health: { forSeconds: 0 } };
  const answer = await platform.request('POST', '/configuration/updates', { subject, body });
  expect(answer.body).toMatchObject({ id: expect.stringMatching(/^upd_/) });
  return settled(answer.body.id);
}

const read = (subject: Subject, key: object = password) =>
  platform.request('POST', '/configuration/secrets/read', { subject, body: { keys: [key], why: 'Look' } });

async function clientOf(options: { secrets?: boolean; tenant?: string } = {}): Promise<ConfigurationClient> {
  const { url, token } = platform.as('peter');
  const reader = { namespace: 'shop', environment: 'production', service: 'orders' };
  const client = await createConfigurationClient({ url, token, ...reader, ...options });
  clients.push(client);
  return client;
}

async function sealedOf(version: number) {
  const { content } = await readVersion(password, version);
  if (content?.kind !== 'secret') throw new Error('It is a secret');
  return content.sealed;
}
const opened = async (version: number) => open(await sealedOf(version), password);

/** The ids of what the laptop's KMS encrypted with, oldest first. */
async function materialsOf(keyArn = ''): Promise<string[]> {
  const file = join(platform.directory, 'kms', `${keyArn.split('/').at(-1)}.json`);
  const { materials } = z
    .object({ materials: z.array(z.object({ id: z.string() })) })
    .parse(JSON.parse(readFileSync(file, 'utf8')));
  return materials.map(({ id }) => id);
}

/** Which of these the versions of the secret are sealed under: a ciphertext of the laptop's KMS names it. */
async function sealedUnder(materials: readonly string[]): Promise<number[]> {
  const found = new Set<number>();
  for (const version of [1, 2, 3, 4]) {
    const ciphertext = Buffer.from((await sealedOf(version)).ciphertext, 'base64');
    found.add(materials.findIndex((id) => ciphertext.includes(Buffer.from(id.replaceAll('-', ''), 'hex'))));
  }
  return [...found];
}

/** Every file that the platform wrote, and everything it printed. */
function everything(): Buffer[] {
  const files = readdirSync(platform.directory, { recursive: true, encoding: 'utf8' })
    .map((name) => join(platform.directory, name))
    .filter((path) => statSync(path).isFile());
  return [...files.map((path) => readFileSync(path)), Buffer.from(printed.join('\n'))];
}
const isWritten = (text: string): boolean => everything().some((content) => content.includes(text));

describe('a secret', () => {
  it('is set by its writers, and read by its readers alone', async () => {
    const own = [{ key: password, secret: first }];
    const refused = await platform.request('POST', '/configuration/updates', {
      subject: 'peter',
      body: { changes: own, why: 'Mine' },
    });
    expect(refused.status).toBe(403);
    expect(await change([...own, { key: { namespace: 'shop', key: 'greeting' }, value: plain }])).toBe(
      'completed',
    );
    expect((await read('peter')).body.items).toEqual([{ key: password, version: 1, value: first }]);
    expect((await read('ada')).status).toBe(200);
    for (const subject of ['olga', 'vera', 'nobody'] as const) {
      const { status, body } = await read(subject);
      expect([subject, status]).toEqual([subject, 403]);
      expect(JSON.stringify(body)).not.toContain(first);
    }
    expect((await read('ada', { namespace: 'shop', key: 'greeting' })).status).toBe(400);
    expect((await read('ada', { ...password, tenant: 'acme' })).status).toBe(404);
  });

  it('is in no other answer', async () => {
    const layer = 'namespace=shop&environment=production';
    for (const path of [
      `/configuration/resolved?${layer}&provenance=true`,
      `/configuration/resolved/database.password?${layer}`,
      `/configuration/resolved?${layer}&secrets=include`,
      '/configuration/values/shop/database.password?environment=production',
      '/configuration/values/shop/database.password/history?environment=production',
      '/configuration/updates',
      '/configuration/secrets',
    ]) {
      const { status, body } = await platform.request('GET', path, { subject: 'vera' });
      expect([path, status]).toEqual([path, 200]);
      expect(JSON.stringify(body)).toContain('database.password');
      expect(JSON.stringify(body)).not.toContain(first);
    }
  });

  it('is refused when it is too long, or no secret: nothing is stored, and nothing of it is told', async () => {
    const long = `${first}${'é'.repeat(2_048)}`;
    for (const [sent, status] of [
      [{ secret: long }, 400],
      [{ secret: '' }, 400],
      [{ value: second }, 422],
    ] as const) {
      const body = { changes: [{ key: password, ...sent }], why: 'Wrong' };
      const answer = await platform.request('POST', '/configuration/updates', { body });
      expect(answer.status).toBe(status);
      expect(JSON.stringify(answer.body)).not.toMatch(`${first}|${second}`);
    }
    expect((await read('peter')).body.items[0]).toMatchObject({ version: 1, value: first });
  });

  it('leaves who read it, when and why in the audit trail', async () => {
    const { body } = await platform.request('GET', '/configuration/audit?action=read_secret&subject=peter');
    expect(body.items).toContainEqual(
      expect.objectContaining({
        subject: 'peter',
        resource: '/configuration/values/shop/database.password/environment=production',
        outcome: 'done',
        reason: 'Look',
      }),
    );
  });
});

describe('a client', () => {
  it('has new values soon after they are set, secrets too where they are asked for', async () => {
    const [open, closed] = await Promise.all([clientOf({ secrets: true }), clientOf()]);
    expect(open.getConfiguration('database.password')).toBe(first);
    expect(() => closed.getConfiguration('database.password')).toThrow('secret');
    const typed = open.typed({ 'database.password': z.string().min(8), greeting: z.string() });
    const seen: unknown[] = [];
    closed.watch('*', ({ key, version }) => seen.push([key, version]));
    expect(await change([{ key: password, secret: second }])).toBe('completed');
    await eventually(
      async () => (typed.get('database.password') === second ? true : undefined),
      'the new value',
    );
    await eventually(async () => (seen.length > 0 ? true : undefined), 'the change');
    expect(seen).toEqual([['database.password', 2]]);
    expect(typed.get('greeting')).toBe(plain);
    const acme = await closed.forTenant('acme');
    expect(acme.getConfiguration('greeting')).toBe(plain);
  });
});

describe('rotation', () => {
  it('gives a secret a value that nobody has seen, by an update', async () => {
    const body = { key: password, generate: { characters: 48 }, why: 'Yearly', health: { forSeconds: 0 } };
    const { status, body: update } = await platform.request('POST', '/configuration/secrets/rotate', {
      body,
    });
    expect(status).toBe(202);
    expect(await settled(update.id)).toBe('completed');
    const [made] = (await read('peter')).body.items;
    expect(made).toMatchObject({ version: 3, value: expect.stringMatching(/^[A-Za-z0-9]{48}$/) });
    expect(isWritten(made.value)).toBe(false);
  });

  it('is due after the days of the policy, and done once by the platform', async () => {
    await put('database.password', {
      secret: true,
      readers: ['theseus:approver'],
      writers: ['theseus:operator'],
      policy: { rotateDays: 30, generate: { characters: 20 }, health: { forSeconds: 0 } },
    });
    const [secret] = (await platform.request('GET', '/configuration/secrets')).body.items;
    expect(secret).toMatchObject({ version: 3, overdue: false, generated: true });
    const days = (Date.parse(secret.rotateBy) - Date.parse(secret.updatedAt)) / 86_400_000;
    expect(days).toBe(30);
    // Overdue as well, and nobody said how to make it: that is somebody's own work.
    await put('ftp.password', { secret: true, policy: { rotateDays: 1 } });
    const ftp = { namespace: 'shop', key: 'ftp.password' };
    expect(await change([{ key: ftp, secret: 'their own' }], 'ada')).toBe('completed');
    await platform.cloud.clock.advance(31 * dayMs);
    await eventually(async () => {
      const [found] = (await read('peter')).body.items;
      return found.version === 4 || undefined;
    }, 'the schedule to change what is due');
    const { body } = await platform.request('GET', '/configuration/updates?limit=100');
    const rotations = body.items.filter((one: { createdBy: string }) => one.createdBy === 'theseus');
    expect(rotations).toEqual([
      expect.objectContaining({ why: `It was to change by ${secret.rotateBy.slice(0, 10)}` }),
    ]);
    expect(await settled(rotations[0].id)).toBe('completed');
    const { items } = (await platform.request('GET', '/configuration/secrets')).body;
    expect(items).toMatchObject([
      { key: password, version: 4, overdue: false },
      { key: ftp, version: 1, overdue: true, generated: false },
    ]);
  });

  it('is not begun a second time by a run of the task that comes late, or goes on with others', async () => {
    const [secret] = (await platform.request('GET', '/configuration/secrets')).body.items;
    const late = { ...secret, version: 3, overdue: true };
    const { body } = await platform.request('GET', '/configuration/updates?limit=100');
    expect(body.items.map(({ id }: { id: string }) => id)).toContain((await rotateDue(late)).id);
    expect((await read('peter')).body.items[0]).toMatchObject({ version: 4 });
  });
});

describe('re-encryption', () => {
  const path = '/configuration/secrets/reencryptions';
  const kinds = async () => (await platform.request('GET', '/configuration/secrets')).body.items;

  async function reencrypt(scope: 'all' | 'outdated') {
    const begun = await platform.request('POST', path, { body: { why: `Seal ${scope}`, scope } });
    expect(begun.status).toBe(201);
    return eventually(async () => {
      const answer = await platform.request('GET', `${path}/${begun.body.id}`, { subject: 'vera' });
      return answer.body.status === 'running' ? undefined : answer.body;
    }, 'the end of the re-encryption');
  }

  it('seals every version anew and changes none', async () => {
    const before = (await read('peter')).body.items[0];
    vi.stubEnv('CONFIGURATION_SECRETS_ALGORITHM', 'aws-encryption-sdk-0578');
    const [outdated] = await kinds();
    expect(outdated).toMatchObject({ algorithm: 'aws-encryption-sdk-0478', current: false });
    const body = { why: 'Not mine to do' };
    expect((await platform.request('POST', path, { subject: 'olga', body })).status).toBe(403);
    expect(await reencrypt('outdated')).toMatchObject({
      status: 'completed',
      total: 2,
      done: 2,
      resealed: 5,
      failed: 0,
    });
    const [sealed] = await kinds();
    expect(sealed).toMatchObject({ algorithm: 'aws-encryption-sdk-0578', current: true, version: 4 });
    expect((await read('peter')).body.items[0]).toEqual(before);
    expect(await reencrypt('outdated')).toMatchObject({ status: 'completed', resealed: 0 });
  });

  it('takes the material out of use that a key had before it was rotated', async () => {
    const keyId = process.env.CONFIGURATION_SECRETS_KEY;
    const before = await materialsOf(keyId);
    await kms().send(new RotateKeyOnDemandCommand({ KeyId: keyId }));
    const after = await materialsOf(keyId);
    expect(after.length).toBe(before.length + 1);
    // What was sealed under the old material stays readable, and nobody has to seal it anew.
    expect(await reencrypt('outdated')).toMatchObject({ status: 'completed', resealed: 0 });
    expect(await sealedUnder(after)).toEqual([before.length - 1]);
    expect(await reencrypt('all')).toMatchObject({ status: 'completed', resealed: 5, failed: 0 });
    expect(await sealedUnder(after)).toEqual([after.length - 1]);
    expect(await opened(1)).toBe(first);
  });

  it('moves to another key, after which the old one can be disabled', async () => {
    const old = process.env.CONFIGURATION_SECRETS_KEY;
    const { KeyMetadata: key } = await kms().send(new CreateKeyCommand({}));
    vi.stubEnv('CONFIGURATION_SECRETS_KEY', key?.Arn);
    expect((await kinds()).map(({ current }: { current: boolean }) => current)).toEqual([false, false]);
    // Too soon: nothing can be opened, so nothing is touched, and each version is named.
    await kms().send(new DisableKeyCommand({ KeyId: old }));
    const tooSoon = await reencrypt('outdated');
    expect(tooSoon).toMatchObject({ status: 'incomplete', resealed: 0, failed: 5 });
    expect(tooSoon.failures[0]).toMatchObject({
      identity: password,
      error: expect.stringContaining('Disabled'),
    });
    expect((await read('peter')).status).toBe(500);
    await kms().send(new EnableKeyCommand({ KeyId: old }));
    expect(await reencrypt('outdated')).toMatchObject({ status: 'completed', resealed: 5, failed: 0 });
    await kms().send(new DisableKeyCommand({ KeyId: old }));
    expect(await kinds()).toMatchObject([
      { version: 4, keyArn: key?.Arn, current: true },
      { version: 1, keyArn: key?.Arn, current: true },
    ]);
    expect((await read('peter')).body.items[0]).toMatchObject({ version: 4 });
    expect(await opened(2)).toBe(second);
  });

  it('keeps what it sealed bound to its value', async () => {
    for (const [version, text] of [
      [1, first],
      [2, second],
    ] as const) {
      const { content } = await readVersion(password, version);
      if (content?.kind !== 'secret') throw new Error('It is a secret');
      expect(content.sealed.algorithm).toBe('aws-encryption-sdk-0578');
      expect(await open(content.sealed, password)).toBe(text);
      await expect(open(content.sealed, { ...password, tenant: 'acme' })).rejects.toThrow('another value');
    }
  });
});

it('wrote no secret into any file or log', () => {
  expect(printed.join('')).toContain('request answered');
  expect(isWritten(plain)).toBe(true);
  for (const secret of [first, second]) expect([secret, isWritten(secret)]).toEqual([secret, false]);
});
