import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type ConfigurationClient, createConfigurationClient } from 'theseus/configuration';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { rotateDue } from '#configuration/secrets/rotation.ts';
import { eventually, type Subject, startPlatform, type TestPlatform } from './platform.ts';

const first = 'correct-horse-0q8Zt3-battery-staple';
const second = 'tr0ub4dor-7Kp2Vx-and-three';
/** A value that is no secret: the search for secrets finds it, or finds nothing at all. */
const plain = 'plain-marker-9Wd4Hs-in-the-table';

const password = { namespace: 'shop', key: 'database.password', environment: 'production' };
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
  platform.request('POST', '/configuration/secrets/read', { subject, body: { keys: [key], reason: 'Look' } });

async function clientOf(options: { secrets?: boolean; tenant?: string } = {}): Promise<ConfigurationClient> {
  const { url, token } = platform.as('peter');
  const reader = { namespace: 'shop', environment: 'production', service: 'orders' };
  const client = await createConfigurationClient({ url, token, ...reader, ...options });
  clients.push(client);
  return client;
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
    // What the schedule does with one that is overdue.
    const started = await rotateDue(secret);
    expect((await rotateDue(secret)).id).toBe(started.id);
    expect(await settled(started.id)).toBe('completed');
    expect((await read('peter')).body.items[0]).toMatchObject({ version: 4 });
  });
});

describe('re-encryption', () => {
  it('seals every version anew and changes none', async () => {
    const before = (await read('peter')).body.items[0];
    vi.stubEnv('CONFIGURATION_SECRETS_ALGORITHM', 'aws-encryption-sdk-0578');
    const [outdated] = (await platform.request('GET', '/configuration/secrets')).body.items;
    expect(outdated).toMatchObject({ algorithm: 'aws-encryption-sdk-0478', current: false });
    const body = { why: 'Another algorithm', scope: 'outdated' };
    const path = '/configuration/secrets/reencryptions';
    expect((await platform.request('POST', path, { subject: 'olga', body })).status).toBe(403);
    const begun = await platform.request('POST', path, { body });
    expect(begun.status).toBe(201);
    const done = await eventually(async () => {
      const answer = await platform.request('GET', `${path}/${begun.body.id}`, { subject: 'vera' });
      return answer.body.status === 'running' ? undefined : answer.body;
    }, 'the end of the re-encryption');
    expect(done).toMatchObject({ status: 'completed', total: 1, done: 1, resealed: 4, failed: 0 });
    const [sealed] = (await platform.request('GET', '/configuration/secrets')).body.items;
    expect(sealed).toMatchObject({ algorithm: 'aws-encryption-sdk-0578', current: true, version: 4 });
    expect((await read('peter')).body.items[0]).toEqual(before);
    const again = await platform.request('POST', path, { body });
    const nothing = await eventually(async () => {
      const answer = await platform.request('GET', path);
      const [last] = answer.body.items;
      return last.id === again.body.id && last.status !== 'running' ? last : undefined;
    }, 'the end of the next');
    expect(nothing).toMatchObject({ status: 'completed', resealed: 0 });
  });

  it('keeps what it sealed bound to its value', async () => {
    const { readVersion } = await import('#configuration/values/store.ts');
    const { open } = await import('#configuration/secrets/sealed.ts');
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
