import { it } from 'vitest';
import { z } from 'zod';
import { EnvironmentView, FlagHistory, FlagView } from '#flags/schemas.ts';
import { Hopeless, startMortal } from './platform.ts';

const hourMs = 3_600_000;
const environment = '/flags/environments/production';
const checkout = `${environment}/flags/checkout`;
const Document = z.object({
  flags: z.object({ flags: z.record(z.string(), z.looseObject({ metadata: z.looseObject({}).optional() })) }),
  killSwitches: z.object({ flags: z.record(z.string(), z.unknown()) }),
});

/** While a change is stored: its version, its commit, its event. */
const storing = ['VERSION', 'RECORD', 'EVENT'].map((item) => `call answered theseus-flags:${item}`);
/** Who makes them at AppConfig has a while for it before somebody else does. */
const environmentMade = 'call answered CreateEnvironment';
const profileMade = 'call answered CreateConfigurationProfile';
/** While a change is published. */
const publishing = ['CreateHostedConfigurationVersion', 'StartDeployment', 'GetDeployment'].map(
  (step) => `call answered ${step}`,
);
const switched = 'call answered theseus-flags:KILL_SWITCHES';

it('kill -9 in the middle of changes of a flag: none is lost, none counts twice, and all come into force', async ({
  expect,
  onTestFinished,
}) => {
  const platform = await startMortal(null, { deaths: [...storing, environmentMade] });
  onTestFinished(() => platform.stop());
  /** Sends until it is answered, as a client does that knows no more than what it saw. */
  const sent = (why: string, path: string, body: object) =>
    platform.patiently(why, async () => {
      const answer = await platform.askOnce('PUT', path, body);
      if (answer !== undefined && answer.status >= 300) throw new Hopeless(JSON.stringify(answer.body));
      return answer;
    });
  const change = (version: number) => {
    const [percentage, why] = [version * 10, `To ${version * 10} %`];
    return sent(why, checkout, { form: { type: 'percentage', percentage }, version: version - 1, why });
  };

  await sent('the environment', environment, { strategy: 'immediate' });
  await change(1);
  await platform.die(environmentMade);
  await platform.kill({ deaths: [profileMade], shiftMs: hourMs });
  // Nobody asks for anything: it is the schedule that goes on with what was stored.
  await platform.die(profileMade);
  await platform.kill({ deaths: [...publishing, switched], shiftMs: 2 * hourMs });
  for (const version of [2, 3, 4]) await change(version);
  expect(await platform.askOnce('POST', `${checkout}/kill`, { why: 'It charges twice' })).toBe(undefined);
  await platform.die(switched);
  expect(platform.deaths().toSorted()).toEqual(
    [...storing, environmentMade, profileMade, ...publishing, switched].toSorted(),
  );

  await platform.kill({ shiftMs: 3 * hourMs });
  await platform.patiently('all of it to be deployed', async () => {
    const { body } = await platform.ask('GET', environment);
    const { killSwitches, ...flags } = EnvironmentView.parse(body);
    return [flags, killSwitches].every((one) => one.deployed === one.revision) || undefined;
  });
  const { items } = FlagHistory.parse((await platform.ask('GET', `${checkout}/history`)).body);
  expect(items.map(({ version, action, why }) => `${version} ${action} ${why}`)).toEqual([
    '4 changed To 40 %',
    '3 changed To 30 %',
    '2 changed To 20 %',
    '1 created To 10 %',
  ]);
  expect(FlagView.parse((await platform.ask('GET', checkout)).body)).toMatchObject({
    version: 4,
    killed: { why: 'It charges twice' },
  });
  const { flags, killSwitches } = Document.parse((await platform.ask('GET', `${environment}/document`)).body);
  expect(flags.flags.checkout?.metadata).toMatchObject({ version: 4 });
  expect(Object.keys(killSwitches.flags)).toEqual(['checkout']);
}, 120_000);
