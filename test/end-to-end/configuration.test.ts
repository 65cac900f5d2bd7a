import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateHostedConfigurationVersionCommand, StartDeploymentCommand } from '@aws-sdk/client-appconfig';
import {
  GetLatestConfigurationCommand,
  StartConfigurationSessionCommand,
} from '@aws-sdk/client-appconfigdata';
import { CommanderError } from 'commander';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { configuration } from '#local/capabilities/configuration.ts';
import { gateway } from '#local/capabilities/gateway.ts';
import { services } from '#local/capabilities/services.ts';
import { appConfig, appConfigData } from '#platform/appconfig-clients.ts';
import { environmentVariable } from '#platform/environment.ts';
import { Failure } from '../../cli/failure.ts';
import { programFor } from '../../cli/program.ts';
import { eventually, type Subject, startPlatform, type TestPlatform } from './platform.ts';

let platform: TestPlatform;
let folder: string;

beforeAll(async () => {
  platform = await startPlatform({ capabilities: [services, gateway, configuration] });
  folder = await mkdtemp(join(tmpdir(), 'theseus-configuration-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A command as it is typed after `theseus config`, and what it printed; a failure is its message and code. */
async function config(words: string, subject: Subject = 'ada'): Promise<{ code: number; out: string }> {
  const { url, token } = platform.as(subject);
  vi.stubEnv('THESEUS_URL', url);
  vi.stubEnv('THESEUS_TOKEN', token);
  let out = '';
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += String(text);
    return true;
  });
  // Quoted words may hold blanks.
  const args = [
    'config',
    ...(words.match(/'[^']*'|\S+/g) ?? []).map((word) => word.replace(/^'(.*)'$/, '$1')),
  ];
  try {
    const program = await programFor(args);
    await program.parseAsync(args, { from: 'user' });
    const code = Number(process.exitCode ?? 0);
    return { code, out };
  } catch (error) {
    if (error instanceof Failure)
      return { code: error.code, out: [error.message, ...error.details].join('\n') };
    if (error instanceof CommanderError) return { code: 2, out: error.message };
    throw error;
  } finally {
    process.exitCode = undefined;
    write.mockRestore();
    vi.unstubAllEnvs();
  }
}

const shop = '--namespace shop';
const why = "--why 'a test'";
const resolved = (query: string, headers: Record<string, string> = {}) =>
  platform.request('GET', `/configuration/resolved?namespace=shop&${query}`, { headers });

describe('a key from its definition to its end', () => {
  it('is defined, set in layers, explained, watched by ETag, compared and taken back', async () => {
    const define = `define limits.orders ${shop} --type integer --default 50 --health-seconds 0 --owner shop-team`;
    expect((await config(define)).out).toBe('shop/limits.orders is defined, version 1.\n');
    expect((await config(define)).out).toBe('shop/limits.orders is defined, version 1.\n');
    expect((await config(`get limits.orders ${shop}`)).out).toBe('50\n');

    const first = await resolved('environment=live&tenant=acme');
    expect(first.body.items).toEqual([
      { key: 'limits.orders', secret: false, value: 50, version: null, from: 'default' },
    ]);
    const etag = first.headers.get('etag') ?? '';
    const again = { 'if-none-match': `"x", W/${etag}` };
    expect((await resolved('environment=live&tenant=acme', again)).status).toBe(304);

    expect(await config(`set limits.orders 100 ${shop} --environment live ${why}`)).toMatchObject({
      code: 0,
    });
    expect(await config(`set limits.orders 500 ${shop} --tenant acme ${why}`)).toMatchObject({ code: 0 });
    const changed = await resolved('environment=live&tenant=acme', again);
    expect([changed.status, changed.body.items[0].value, changed.body.items[0].from]).toEqual([
      200,
      500,
      { namespace: 'shop', tenant: 'acme' },
    ]);
    const rows = (await config(`explain limits.orders ${shop} --environment live --tenant acme`)).out.split(
      '\n',
    );
    expect(rows.map((row) => row.trim().split(/ {2,}/))).toEqual([
      ['LAYER', 'SAYS', 'VERSION'],
      ['tenant acme, environment live', 'nothing', '–'],
      ['holds', 'tenant acme', '500', '1'],
      ['environment live', '100', '1'],
      ['for all', 'nothing', '–'],
      [''],
    ]);
    expect((await config(`diff ${shop} --environment live --to-tenant acme`)).out).toBe(
      'changed limits.orders\n  the value: 100 → 500\n',
    );

    await config(`set limits.orders 600 ${shop} --tenant acme ${why}`);
    expect((await config(`diff limits.orders ${shop} --tenant acme --from 1`)).out).toContain('500 → 600');
    expect(await config(`rollback limits.orders 1 ${shop} --tenant acme ${why}`)).toMatchObject({
      code: 0,
    });
    const history = (await config(`history limits.orders ${shop} --tenant acme --json`)).out;
    const Entry = z.object({ version: z.int(), value: z.json(), updatedBy: z.string(), why: z.string() });
    expect(z.object({ items: z.array(Entry) }).parse(JSON.parse(history)).items).toEqual(
      [500, 600, 500].map((value, at) => ({ version: 3 - at, value, updatedBy: 'ada', why: 'a test' })),
    );
    await config(`set limits.orders ${shop} --tenant acme --delete ${why}`);
    expect((await config(`get limits.orders ${shop} --environment live --tenant acme`)).out).toBe('100\n');
    expect(await config(`key remove limits.orders ${shop}`)).toMatchObject({
      code: 3,
      out: expect.stringContaining('has 1 value'),
    });
    const narrower = await platform.request('PUT', '/configuration/keys/shop/limits.orders', {
      body: { schema: { type: 'integer', maximum: 99 } },
    });
    expect(narrower).toMatchObject({
      status: 409,
      body: {
        type: 'urn:theseus:problem:ValuesBreakSchema',
        evidence: { broken: [{ identity: { environment: 'live' }, problems: [{ rule: 'maximum' }] }] },
      },
    });
  });

  it('goes with others into a file and comes back from it', async () => {
    const keys = join(folder, 'keys.yaml');
    await writeFile(
      keys,
      `namespace: files
keys:
  texts.welcome: { schema: { type: string }, policy: { health: { forSeconds: 0 } } }
  sizes: { schema: { type: array, items: { type: number } }, policy: { health: { forSeconds: 0 } } }
`,
    );
    expect((await config(`define --from ${keys}`)).code).toBe(0);
    const values = join(folder, 'values.yaml');
    const text = `namespace: files
layers:
  - values:
      sizes:
        - 1
        - 2.5
      texts.welcome: Hello
  - tenant: acme
    values:
      texts.welcome: Grüß Gott
`;
    await writeFile(values, text);
    expect((await config(`import ${values} --dry-run ${why}`)).out).toContain('3 of 3 values are not as in');
    expect(await config(`import ${values} ${why}`)).toMatchObject({ code: 0 });
    expect((await config(`import ${values} ${why}`)).out).toBe(`All 3 values are as in ${values}.\n`);
    const out = join(folder, 'out.yaml');
    await config(`export --namespace files --out ${out}`);
    expect(await readFile(out, 'utf8')).toBe(text);
    expect((await config('types --namespace files')).out).toContain('readonly "sizes": readonly number[];');
    expect((await config('list --namespace files --key sizes')).out).toContain('[1,2.5]');
  });
});

describe('what is published to AppConfig', () => {
  /** What a service reads that asks AppConfig itself. */
  async function read(profile: string) {
    const { InitialConfigurationToken } = await appConfigData().send(
      new StartConfigurationSessionCommand({
        ApplicationIdentifier: environmentVariable('CONFIGURATION_APPLICATION'),
        EnvironmentIdentifier: 'live',
        ConfigurationProfileIdentifier: profile,
      }),
    );
    const found = await appConfigData().send(
      new GetLatestConfigurationCommand({ ConfigurationToken: InitialConfigurationToken }),
    );
    return JSON.parse(Buffer.from(found.Configuration ?? []).toString());
  }
  /** As somebody does it in the console. */
  async function deployByHand(
    resources: { environmentId: string; profileId: string },
    document: object,
  ): Promise<void> {
    const profile = {
      ApplicationId: environmentVariable('CONFIGURATION_APPLICATION'),
      ConfigurationProfileId: resources.profileId,
    };
    const { VersionNumber } = await appConfig().send(
      new CreateHostedConfigurationVersionCommand({
        ...profile,
        ContentType: 'application/json',
        Content: Buffer.from(JSON.stringify(document)),
      }),
    );
    await appConfig().send(
      new StartDeploymentCommand({
        ...profile,
        EnvironmentId: resources.environmentId,
        ConfigurationVersion: String(VersionNumber),
        DeploymentStrategyId: environmentVariable('CONFIGURATION_IMMEDIATE_STRATEGY'),
      }),
    );
  }
  const publish = async (service: string, namespace: string) => {
    const path = `/configuration/publications/live/${service}`;
    // The laptop's AppConfig needs a moment even for what comes into force at once.
    return eventually(async () => {
      const { body } = await platform.request('PUT', path, { body: { namespaces: [namespace] } });
      return body.deploying === null && body.deployed !== null ? body : undefined;
    }, `a deployment of ${service}`);
  };

  it('is what holds for the service, without tenants and secrets, anew when it changed, and no more when it is too large', async () => {
    await config('define rate --namespace published --type number --default 1 --health-seconds 0');
    await config('define password --namespace published --secret --health-seconds 0');
    await config(`set rate 2 --namespace published --environment live ${why}`);
    await config(`set rate 3 --namespace published --tenant acme ${why}`);
    const secret = join(folder, 'secret');
    await writeFile(secret, 'geheim-4711');
    expect(await config(`set password --namespace published --secret-from ${secret} ${why}`)).toMatchObject({
      code: 0,
    });
    const first = await publish('checkout', 'published');
    expect(await publish('checkout', 'published')).toEqual(first);
    const document = await read('live.checkout');
    expect(document).toEqual({
      environment: 'live',
      service: 'checkout',
      namespaces: {
        published: { rate: { value: 2, version: 1 }, password: { secret: true, version: 1 } },
      },
    });
    await config(`set rate 4 --namespace published --environment live ${why}`);
    const next = await publish('checkout', 'published');
    expect(next.deployed.version).toBe(first.deployed.version + 1);
    expect((await read('live.checkout')).namespaces.published.rate).toEqual({ value: 4, version: 2 });
    expect((await config('publications')).out).toContain('deployed, version 2');

    const hands = JSON.parse(JSON.stringify(await read('live.checkout')));
    hands.namespaces.published.rate.value = 99;
    hands.namespaces.published.password = { value: 'geheim-4711', version: 1 };
    await deployByHand(next.resources, hands);
    const drifted = await eventually(async () => {
      const { out } = await config('drift --now');
      return out.includes('live.checkout') ? out : undefined;
    }, 'the deployment that was made by hand');
    expect(drifted).toContain('- published/rate /value 99 in force');
    expect(drifted).toContain('+ published/rate /value 4 deployed');
    expect(drifted).toContain('~ published/password differs, and is not shown');
    expect(drifted).not.toContain('geheim');
    await config('publish checkout --environment live');
    await publish('checkout', 'published');
    expect((await read('live.checkout')).namespaces.published.rate).toEqual({ value: 4, version: 2 });
    expect((await config('drift --now')).out).toBe(
      'What services and AppConfig have in force is what is stored.\n',
    );
    // Where the policy says so, nobody has to ask.
    await platform.request('PUT', '/configuration/keys/published/rate', {
      body: { schema: { type: 'number' }, default: 1, policy: { remediate: true } },
    });
    await deployByHand(next.resources, hands);
    const Items = z.object({ items: z.array(z.object({ remediatedAt: z.string().nullable() })) });
    await eventually(async () => {
      const { out } = await config('drift --now --json');
      return Items.parse(JSON.parse(out)).items[0]?.remediatedAt ?? undefined;
    }, 'the deployment over it');
    await publish('checkout', 'published');
    expect((await read('live.checkout')).namespaces.published.rate).toEqual({ value: 4, version: 2 });
    expect((await config('drift --now')).out).toContain('is what is stored');

    const large = join(folder, 'large.yaml');
    const names = Array.from({ length: 36 }, (_, at) => `large-${at}`);
    const text = JSON.stringify('x'.repeat(60_000));
    const keys = names.map((name) => `  ${name}: { default: ${text} }\n`).join('');
    await writeFile(large, `namespace: published\nkeys:\n${keys}`);
    expect((await config(`define --from ${large}`)).out).toContain('at most 1048576 are read');
    for (const name of names) {
      await platform.request('PUT', `/configuration/keys/published/${name}`, {
        body: { default: 'x'.repeat(60_000) },
      });
    }
    const refused = await config('publish checkout --environment live --namespace published');
    expect(refused.out).toMatch(/refused: The document has \d+ bytes, AppConfig takes 2000000/);
    expect((await read('live.checkout')).namespaces.published.rate).toEqual({ value: 4, version: 2 });
    expect((await config('publish nobody --environment live')).out).toContain(
      'nobody in live is not published',
    );
  });
});

describe('misuse is refused with its reason, and changes nothing', () => {
  const key = '/configuration/keys/misused/k';
  const deep = (levels: number): unknown => (levels === 0 ? 1 : [deep(levels - 1)]);

  it.each<[string, string, object, RegExp]>([
    [
      'a key that is not ASCII',
      '/configuration/keys/misused/gr%C3%B6%C3%9Fe',
      {},
      /path\/key.*Expected letters/,
    ],
    ['a prototype name', '/configuration/keys/misused/a.__proto__', {}, /path\/key.*another name/],
    ['the other prototype name', '/configuration/keys/misused/constructor', {}, /path\/key.*another name/],
    ['a namespace with capitals', '/configuration/keys/Shop/k', {}, /path\/namespace/],
    ['a field that nobody knows', key, { shema: {} }, /body\/shema.*Unknown field/],
    ['no schema', key, { schema: { type: 'integr' } }, /body\/schema\/type/],
    ['a schema that is elsewhere', key, { schema: { $ref: 'https://example.com/s.json' } }, /stay inside/],
    ['a schema that is too deep', key, { schema: { const: deep(30) } }, /24 levels/],
    ['a schema that is too large', key, { schema: { const: 'x'.repeat(40_000) } }, /32768 bytes/],
    ['a default that does not fit', key, { schema: { type: 'integer' }, default: 'x' }, /body\/default/],
    ['a value that is too large', key, { default: 'x'.repeat(70_000) }, /65536 bytes/],
  ])('%s', async (_, path, body, words) => {
    const { status, body: problem } = await platform.request('PUT', path, { body });
    expect([status, problem.type]).toEqual([400, 'urn:theseus:problem:InvalidInput']);
    expect(JSON.stringify(problem.errors.map(Object.values))).toMatch(words);
    expect(JSON.stringify(problem)).not.toContain('at file');
    const { body: page } = await platform.request('GET', '/configuration/keys?namespace=misused');
    expect(page.items).toEqual([]);
  });

  it('a prototype name in a value, however deep', async () => {
    const { status, body } = await platform.request('PUT', key, {
      text: '{"default": {"a": [{"__proto__": {"polluted": true}}]}}',
      headers: { 'content-type': 'application/json' },
    });
    expect([status, body.errors[0].detail]).toEqual([400, 'Expected no field called __proto__']);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it('versions that nobody wrote, values of nothing, readers without a namespace, cursors of another list', async () => {
    await config('define used --namespace misuse --health-seconds 0');
    const value = '/configuration/values/misuse/used';
    const asked = async (path: string) => {
      const { status, body } = await platform.request('GET', path);
      return [status, body.type.split(':').at(-1)];
    };
    expect(await asked(value)).toEqual([404, 'NotFound']);
    expect(await asked(`${value}/history`)).toEqual([404, 'NotFound']);
    await config(`set used 1 --namespace misuse ${why}`);
    expect(await asked(`${value}/difference?from=9`)).toEqual([404, 'NotFound']);
    expect(await asked(`${value}/difference?from=0`)).toEqual([400, 'InvalidInput']);
    expect(await asked('/configuration/resolved')).toEqual([400, 'InvalidInput']);
    expect(await asked('/configuration/resolved?namespace=shop&tenant=%2E%2E')).toEqual([
      400,
      'InvalidInput',
    ]);
    const place = { pk: 'x', sk: 'x', gsi1pk: 'HOLDERS#shop', gsi1sk: 'x' };
    const cursor = Buffer.from(JSON.stringify(place)).toString('base64url');
    expect(await asked(`/configuration/values?namespace=misuse&cursor=${cursor}`)).toEqual([
      400,
      'InvalidInput',
    ]);
    expect(await config(`rollback used 7 --namespace misuse ${why}`)).toMatchObject({
      code: 3,
      out: 'misuse/used (for all) has no version 7',
    });
  });

  it('files that are none, and wishes of those who may not', async () => {
    const file = join(folder, 'wrong.yaml');
    await writeFile(file, 'namespace: files\nlayers:\n  - values: { größe: 1 }\n  - values: {}\n');
    const refused = await config(`import ${file} ${why}`);
    expect(refused.code).toBe(3);
    expect(refused.out).toContain('/layers/0/values/größe');
    expect(await config(`define k ${shop}`, 'vera')).toMatchObject({ code: 6 });
    expect(await config(`get limits.orders ${shop}`, 'vera')).toMatchObject({ code: 0 });
    expect(await config(`get limits.orders ${shop}`, 'nobody')).toMatchObject({ code: 6 });
    const { body } = await platform.request('GET', '/configuration/audit?subject=vera');
    expect(body.items[0]).toMatchObject({ subject: 'vera', outcome: 'refused' });
  });
});
