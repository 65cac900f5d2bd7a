import { CreateSecretCommand } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TokenRecord } from '#deployments/records.ts';
import { readRelease } from '#deployments/releases/release-store.ts';
import type { Release, ReleaseStatus } from '#deployments/releases/schemas.ts';
import { keys, readAll } from '#deployments/store.ts';
import { flags as flagsOfPlatform } from '#local/capabilities/flags.ts';
import { secretsManager } from '#platform/clients.ts';
import { type Lab, startLab } from './deployments-harness.ts';
import { type Receiver, signaturesOf, startReceiver } from './receiver.ts';

let lab: Lab;
let receiver: Receiver;
/** Each depends on the one before. */
let chain: [string, string, string];
beforeAll(async () => {
  lab = await startLab({ figures: new Map(), duplicate: 'sequentially', more: [flagsOfPlatform] });
  receiver = await startReceiver();
});
afterAll(async () => {
  await lab.stop();
  await receiver.stop();
});

const newChain = async () => {
  const one = await lab.service();
  const two = await lab.service({ [one]: '>=1' });
  chain = [one, two, await lab.service({ [two]: '>=1' })];
};

const member = (service: string, version = '2.0.0') => ({
  service,
  version,
  strategy: 'AllAtOnce',
  analysis: null,
  bakeSeconds: 0,
  health: { intervalSeconds: 0, inARow: 1, withinSeconds: 1, warmUpRequests: 0 },
});

async function release(versions: string[], more: object = {}): Promise<Release> {
  const services = chain.map((service, at) => member(service, versions[at])).reverse();
  const answer = await lab.send('POST', '/releases', { services, keepSeconds: 600, ...more });
  if (answer.status !== 201) throw new Error(`not released: ${JSON.stringify(answer.body)}`);
  return answer.body;
}

const answered = new Set<string>();
/** Moves time whenever a member holds, until the release stands so. */
async function reach(id: string, status: ReleaseStatus): Promise<Release> {
  for (let look = 0; look < 4_000; look += 1) {
    const record = await readRelease(id);
    if (record.status === status) return (await lab.send('GET', `/releases/${id}`)).body;
    for (const { deployment } of record.members) {
      const tokens = await readAll(TokenRecord, keys.deployment(deployment).pk, 'TOKEN#');
      const holds = tokens.find(({ waitsFor, token }) => waitsFor === 'hold' && !answered.has(token));
      if (holds === undefined) continue;
      answered.add(holds.token);
      await lab.cloud.clock.advance(60_000);
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(
    `${id} is not ${status}: ${JSON.stringify((await lab.send('GET', `/releases/${id}`)).body)}`,
  );
}

/** Which versions the gateway's routes lead to. */
const serving = (): Promise<string[][]> =>
  Promise.all(
    chain.map(async (service) => {
      const { targets } = (await lab.send('GET', `/gateway/routes/${service}`)).body;
      const used = targets.filter(({ percent }: { percent: number }) => percent > 0);
      return used.map(({ version }: { version: string }) => version);
    }),
  );
const flags = () => ({
  url: `${receiver.url}/flags`,
  changes: [
    { flag: 'new-checkout', from: false, to: true, when: 'after' },
    { flag: 'read-only', from: 'off', to: 'on', when: 'before' },
  ],
});
const asked = () =>
  receiver.take('/flags').map(({ body }) => {
    const { flag, value } = (body as { data: { flag: string; value: unknown } }).data;
    return [flag, value];
  });
const distinct = (found: unknown[][]) => [...new Set(found.map((one) => JSON.stringify(one)))];

describe('a release of three services', () => {
  it('moves them in the order of their dependencies, flips flags, and goes back whole as long as it is kept', async () => {
    await newChain();
    const { secret } = (await lab.send('POST', '/deployments/gate-secret')).body;
    const { id, waves } = await release(['2.0.0', '2.0.0', '2.0.0'], { flags: flags() });
    expect(waves).toEqual(chain.map((service) => [service]));
    const kept = await reach(id, 'keeping');
    expect(kept.members.map(({ status }) => status)).toEqual([
      'keeping_blue',
      'keeping_blue',
      'keeping_blue',
    ]);
    expect(await serving()).toEqual([['2.0.0'], ['2.0.0'], ['2.0.0']]);
    const seen = receiver.take('/flags');
    expect(seen.every((one) => signaturesOf(one, secret).includes(true))).toBe(true);
    const first = kept.members[0]?.deployment ?? '';
    expect((await lab.show(first)).next.map(({ action }) => action)).not.toContain('finish');
    await lab.send('POST', `/releases/${id}/rollback`, { comment: 'not today' });
    const back = await reach(id, 'rolled_back');
    expect(back.flags.map(({ state }) => state)).toEqual(['old', 'old']);
    expect(await serving()).toEqual([['1.0.0'], ['1.0.0'], ['1.0.0']]);
    expect(distinct(asked())).toEqual(['["new-checkout",false]', '["read-only","off"]']);
    const ends = await Promise.all(
      back.members.map(async ({ deployment }) => (await lab.record(deployment)).backAt),
    );
    // They were named with the last of the chain first.
    expect([...ends].sort()).toEqual(ends);
    const refused = await lab.send('POST', `/releases/${id}/rollback`, {});
    expect(refused.body).toMatchObject({ status: 409, evidence: { status: 'rolled_back' } });
  });

  it('takes all of them back when one fails in a later wave', async () => {
    await newChain();
    receiver.take('/flags');
    lab.ill.add('3.0.0');
    try {
      const { id } = await release(['2.0.0', '3.0.0', '2.0.0'], { flags: flags() });
      const back = await reach(id, 'rolled_back');
      expect(back.failure).toMatchObject({ name: 'MemberFailed' });
      expect(back.failure?.message).toContain(chain[1]);
      expect(back.members.map(({ status }) => status).sort()).toEqual(['failed', 'rolled_back', null].sort());
      expect(await serving()).toEqual([['1.0.0'], ['1.0.0'], ['1.0.0']]);
      expect(distinct(asked())).toEqual(['["read-only","on"]', '["read-only","off"]']);
    } finally {
      lab.ill.delete('3.0.0');
    }
  });

  it('ends when nobody took it back: every old version is let go', async () => {
    await newChain();
    const { id } = await release(['2.0.0', '2.0.0', '2.0.0'], { approval: true });
    await reach(id, 'waiting_for_approval');
    await lab.send('POST', `/releases/${id}/approve`, {});
    await reach(id, 'keeping');
    await lab.cloud.clock.advance(601_000);
    const done = await reach(id, 'completed');
    for (const { deployment } of done.members) {
      expect((await lab.until(deployment, ({ status }) => status === 'completed')).release?.holds).toBe(
        false,
      );
    }
    const events = (await lab.send('GET', `/releases/${id}/events?limit=100`)).body.items;
    expect(events.map(({ type }: { type: string }) => type)).toEqual(
      expect.arrayContaining(['release.created', 'release.approved', 'release.started', 'release.completed']),
    );
  });
});

describe('a release with flags of the platform', () => {
  const within = '/flags/environments/production';
  const write = (flag: string, body: object) => lab.send('PUT', `${within}/flags/${flag}`, body);
  const formOf = async (flag: string) => (await lab.send('GET', `${within}/flags/${flag}`)).body.form;
  const off = { form: { type: 'boolean', on: false } };
  const begin = (service: string, changes: object[], more: object = {}) =>
    lab.send('POST', '/releases', {
      services: [member(service)],
      keepSeconds: 600,
      flags: { environment: 'production', changes, ...more },
    });

  it('sets them once, and back to what they were; what somebody else changed stays, and is named', async () => {
    await lab.send('PUT', within, {});
    for (const flag of ['read-only', 'new-search', 'banner']) await write(flag, off);
    const answer = await begin(await lab.service(), [
      { flag: 'read-only', to: { variant: 'on' }, when: 'before' },
      { flag: 'new-search', to: { percentage: 25 } },
      { flag: 'banner', to: { percentage: 50 } },
    ]);
    const { id } = answer.body;
    await reach(id, 'keeping');
    expect(await formOf('read-only')).toMatchObject({ otherwise: { variant: 'on' } });
    expect(await formOf('new-search')).toMatchObject({ type: 'percentage', percentage: 25 });
    const { items } = (await lab.send('GET', `${within}/flags/banner/history`)).body;
    expect(items.map(({ why }: { why: string }) => why)).toEqual([`Release ${id} moves`, expect.anything()]);
    await write('banner', { form: { type: 'percentage', percentage: 3 } });
    await lab.send('POST', `/releases/${id}/rollback`, {});
    const stuck = await reach(id, 'needs_attention');
    expect(stuck.needs).toEqual([
      'The flag banner may not be as it was: The flag banner was not set: banner has version 3 in production, and not 2',
    ]);
    for (const flag of ['read-only', 'new-search']) expect(await formOf(flag)).toEqual(off.form);
    expect(await formOf('banner')).toMatchObject({ percentage: 3 });
    // Whoever changed it makes it what it was.
    await write('banner', off);
    await lab.send('POST', `/releases/${id}/rollback`, {});
    expect((await reach(id, 'rolled_back')).flags.map(({ state }) => state)).toEqual(['old', 'old', 'old']);
  });

  it('is refused before anything moves when one of them cannot be set', async () => {
    const service = await lab.service();
    await write('killed', off);
    await lab.send('POST', `${within}/flags/killed/kill`, { why: 'it burns' });
    const before = (await lab.send('GET', '/releases')).body.items.length;
    const unknown = await begin(service, [
      { flag: 'nobody', to: { variant: 'on' } },
      { flag: 'banner', to: { variant: 'purple' } },
      { flag: 'killed', to: { variant: 'on' } },
    ]);
    expect(unknown).toMatchObject({
      status: 400,
      body: {
        errors: [
          { pointer: '/body/flags/changes/0', detail: 'There is no flag nobody in production' },
          {
            pointer: '/body/flags/changes/1',
            detail: 'banner has no variant purple: expected one of on, off',
          },
          {
            pointer: '/body/flags/changes/2',
            detail: 'A kill switch holds killed: nobody would get what is set',
          },
        ],
      },
    });
    const elsewhere = await begin(service, [{ flag: 'banner', to: { variant: 'on' } }], {
      environment: 'moon',
    });
    expect(elsewhere.body.errors[0].detail).toContain('moon');
    const banner = { flag: 'banner', to: true };
    for (const [flag, more, pointer] of [
      [banner, {}, '/body/flags/changes/0/to'],
      [{ ...banner, to: { variant: 'on' }, from: false }, {}, '/body/flags/changes/0/from'],
      [banner, { environment: undefined }, '/body/flags'],
      [banner, { url: 'https://flags.example/' }, '/body/flags'],
      [banner, { environment: undefined, url: 'https://flags.example/' }, '/body/flags/changes/0/from'],
    ] as const)
      expect((await begin(service, [flag], more)).body.errors).toMatchObject([{ pointer }]);
    expect((await lab.send('GET', '/releases')).body.items).toHaveLength(before);
  });
});

describe('a promotion', () => {
  it('brings what a completed release brought, if it is signed, baked, and registered here as there', async () => {
    await newChain();
    const { id } = await release(['2.0.0', '2.0.0', '2.0.0'], { keepSeconds: 0 });
    const early = await lab.send('GET', `/releases/${id}/promotion`);
    expect(early.body).toMatchObject({ type: 'urn:theseus:problem:Conflict' });
    await reach(id, 'keeping');
    await lab.send('POST', `/releases/${id}/finish`, {});
    const { members } = await reach(id, 'completed');
    for (const { deployment } of members) await lab.until(deployment, ({ status }) => status === 'completed');
    const name = 'theseus/deployments/promotions';
    const key = 'the same text in every environment';
    await secretsManager().send(new CreateSecretCommand({ Name: name, SecretString: key }));
    const document = (await lab.send('GET', `/releases/${id}/promotion`)).body;
    expect(document).toMatchObject({ environment: 'local', release: id, signature: expect.any(String) });
    const promote = async (body: object) =>
      (await lab.send('POST', '/releases/promotions?dryRun=true', body)).body;
    const changed = { ...document, members: document.members.slice(1) };
    const early2 = { document, bakedSeconds: 86_400 };
    for (const body of [{ document: changed }, { document: { ...document, signature: null } }, early2])
      expect(await promote(body)).toMatchObject({ type: 'urn:theseus:problem:PromotionRefused' });
    // As in an environment where the former versions have the traffic.
    for (const service of chain) {
      const { targets, revision: _, ...route } = (await lab.send('GET', `/gateway/routes/${service}`)).body;
      expect(route.service).toBe(service);
      const target = { version: '1.0.0', percent: 100, target: targets[0].target };
      await lab.send('PUT', `/gateway/routes/${service}`, { targets: [target] });
    }
    expect((await promote({ document })).waves).toEqual(chain.map((service) => [service]));
    const settings = Object.fromEntries(
      chain.map((one) => {
        const { service: _s, version: _v, ...rest } = member(one);
        return [one, rest];
      }),
    );
    const there = await lab.send('POST', '/releases/promotions', { document, settings, approval: true });
    expect(there).toMatchObject({ status: 201, body: { status: 'waiting_for_approval' } });
    expect(there.body.request.comment).toBe(`Promoted: ${id} of local`);
    await lab.send('POST', `/releases/${there.body.id}/approve`, {});
    await reach(there.body.id, 'keeping');
    await lab.send('POST', `/releases/${there.body.id}/rollback`, {});
    await reach(there.body.id, 'rolled_back');
  });
});

describe('what was deployed', () => {
  it('is measured: how often, how quickly, how safely', async () => {
    const all = await lab.send('GET', '/deployments/analytics?from=2026-01-01T00:00:00Z');
    const refused = await lab.send('GET', '/deployments/analytics?from=2099-01-01T00:00:00Z');
    expect(refused.body).toMatchObject({ type: 'urn:theseus:problem:InvalidInput' });
    const records = (await lab.send('GET', '/deployments?limit=100')).body.items;
    expect(all.body.overall.deployments).toBe(records.length);
    expect(all.body.overall.leadTime.count).toBe(all.body.overall.succeeded);
    expect(all.body.services.length).toBe(
      new Set(records.map((one: { service: string }) => one.service)).size,
    );
    const one = await lab.send('GET', `/deployments/analytics?service=${chain[0]}`);
    // Released, and then promoted and taken back.
    expect(one.body.overall).toMatchObject({ deployments: 2, succeeded: 1, changeFailureRate: 0.5 });
  });
});

describe('what cannot be released', () => {
  it('is refused with every reason, and nothing is stored', async () => {
    await newChain();
    const before = (await lab.send('GET', '/releases')).body.items.length;
    const bodies: [object, string][] = [
      [{ services: [member(chain[0], '9.9.9')] }, 'VersionNotRegistered'],
      [{ services: [member(chain[0]), member(chain[0])] }, 'InvalidInput'],
      [{ services: [member(chain[0], '1.0.0')] }, 'Conflict'],
    ];
    for (const [body, name] of bodies) {
      const refused = await lab.send('POST', '/releases', body);
      expect(refused.body).toMatchObject({ type: `urn:theseus:problem:${name}` });
    }
    const plan = await lab.send('POST', '/releases?dryRun=true', {
      services: chain.map((one) => member(one)),
    });
    expect(plan.body.waves).toEqual(chain.map((service) => [service]));
    expect((await lab.send('GET', '/releases')).body.items).toHaveLength(before);
  });
});
