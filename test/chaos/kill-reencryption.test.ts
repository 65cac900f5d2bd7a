import { it } from 'vitest';
import { z } from 'zod';
import { Reencryption } from '#configuration/secrets/reencryption/schemas.ts';
import { OpenedSecrets, SecretPage } from '#configuration/secrets/views.ts';
import { ConfigurationUpdate } from '#configuration/updates/schemas.ts';
import { startMortal } from './platform.ts';
import { deathsIn, everyStateOf, survivedIn } from './states.ts';

const machine = 'configuration-reencryption';
const path = '/configuration/secrets/reencryptions';
/** More than are sealed between two lines of the record. */
const names = Array.from({ length: 20 }, (_, at) => `password-${at}`);

it('kill -9 in every state of a re-encryption: every secret is sealed anew and says what it said', async ({
  expect,
  onTestFinished,
}) => {
  const platform = await startMortal(null);
  onTestFinished(() => platform.stop());
  for (const name of names) await platform.ask('PUT', `/configuration/keys/shop/${name}`, { secret: true });
  const changes = names.map((key) => ({ key: { namespace: 'shop', key }, secret: `secret of ${key}` }));
  const { body } = await platform.ask('POST', '/configuration/updates', {
    why: 'The first',
    changes,
    health: { forSeconds: 0 },
  });
  const { id: update } = ConfigurationUpdate.parse(body);
  await platform.patiently('the secrets', async () => {
    const { body: seen } = await platform.ask('GET', `/configuration/updates/${update}`);
    return ConfigurationUpdate.parse(seen).status === 'completed' || undefined;
  });

  const List = z.object({ items: z.array(Reencryption) });
  const last = async () => List.parse((await platform.ask('GET', path)).body).items[0];
  /** Asks until it is stored: the answer may die with its platform. */
  const begun = (why: string) =>
    platform.patiently(why, async () => {
      const known = await last();
      if (known?.why === why) return known;
      await platform.askOnce('POST', path, { why });
      return undefined;
    });
  const ended = (why: string) =>
    platform.patiently(`the end of ${why}`, async () => {
      const known = await last();
      return known?.why === why && known.status !== 'running' ? known : undefined;
    });
  const sealedAt = async () => {
    const page = SecretPage.parse((await platform.ask('GET', '/configuration/secrets?limit=100')).body);
    expect(page.items.map(({ version }) => version)).toEqual(names.map(() => 1));
    return page.items.map((one) => Date.parse(one.sealedAt));
  };

  // The first one's work is done and lost twice, and so is the note of that; the second one ends as it should.
  const lost = ['failed Reseal', 'failed RecordFailure'].map((death) => `${machine} ${death}`);
  const deaths = deathsIn(machine, (state) => !['RecordFailure', 'Superseded'].includes(state));
  await platform.kill({ deaths: [...deaths, ...lost], shiftMs: 0 });
  for (const why of ['first', 'second']) {
    const { createdAt } = await begun(why);
    const done = await ended(why);
    expect(done).toMatchObject({ status: 'completed', total: names.length, done: names.length, failed: 0 });
    for (const time of await sealedAt()) expect(time).toBeGreaterThanOrEqual(Date.parse(createdAt));
    await platform.die(`${machine} entered ${why === 'first' ? 'Failed' : 'Done'}`);
  }

  for (const key of names) {
    const read = await platform.ask('POST', '/configuration/secrets/read', {
      keys: [{ namespace: 'shop', key }],
    });
    expect(OpenedSecrets.parse(read.body).items.map(({ value }) => value)).toEqual([`secret of ${key}`]);
  }
  // Superseded is entered where two executions act for one record, which no death brings about.
  const others = everyStateOf(machine).filter((state) => state !== 'Superseded');
  expect(survivedIn(machine, platform)).toEqual(others);
}, 300_000);
