import { describe, expect, it } from 'vitest';
import { appConfigSession, type SessionOptions } from './appconfig-session.ts';

const signal = new AbortController().signal;
const named = (name: string) => Object.assign(new Error(name), { name });

/** AppConfigData as far as it matters here: what each command is answered, in order. */
function session(script: (() => unknown)[], more: Partial<SessionOptions> = {}) {
  const sent: [string, unknown][] = [];
  const client = () => ({
    send: async (command: { constructor: { name: string }; input: unknown }) => {
      sent.push([command.constructor.name.replace('Command', ''), command.input]);
      return script.shift()?.();
    },
  });
  const feed = appConfigSession({
    application: 'app',
    profile: 'production',
    part: 'flags',
    // The SDK's own type of `send` has an overload for each way to call it.
    client: client as unknown as NonNullable<SessionOptions['client']>,
    ...more,
  });
  return { feed, sent };
}
const begun = () => ({ InitialConfigurationToken: 't0' });
const latest =
  (token: string, text: string, more: object = {}) =>
  () => ({
    NextPollConfigurationToken: token,
    NextPollIntervalInSeconds: 15,
    Configuration: Buffer.from(text),
    ...more,
  });
const thrown = (name: string) => () => {
  throw named(name);
};

describe('a session of AppConfig', () => {
  it('begins once, and goes on from token to token', async () => {
    const { feed, sent } = session([
      begun,
      latest('t1', '{"flags":{}}', { VersionLabel: '7' }),
      latest('t2', ''),
    ]);
    expect(await feed.ask(undefined, signal)).toEqual({
      documents: { flags: { flags: {} } },
      revision: '7',
      cursor: 't1',
      restMs: 15_000,
    });
    expect(await feed.ask('t1', signal)).toEqual({ cursor: 't2', restMs: 15_000 });
    expect(sent).toEqual([
      [
        'StartConfigurationSession',
        {
          ApplicationIdentifier: 'app',
          EnvironmentIdentifier: 'production',
          ConfigurationProfileIdentifier: 'production',
          RequiredMinimumPollIntervalInSeconds: 15,
        },
      ],
      ['GetLatestConfiguration', { ConfigurationToken: 't0' }],
      ['GetLatestConfiguration', { ConfigurationToken: 't1' }],
    ]);
  });

  it('begins anew where its token is not taken', async () => {
    const { feed } = session([thrown('BadRequestException'), begun, latest('t9', '{"flags":{}}')]);
    expect(await feed.ask('spent', signal)).toMatchObject({
      documents: { flags: { flags: {} } },
      cursor: 't9',
    });
  });

  it('gives a text that is no JSON on, to be refused', async () => {
    const { feed } = session([begun, latest('t1', 'flags: yes')]);
    expect(await feed.ask(undefined, signal)).toMatchObject({ documents: { flags: 'flags: yes' } });
  });

  it('has no flags where nothing was deployed yet', async () => {
    const { feed } = session([begun, latest('t1', '')]);
    expect(await feed.ask(undefined, signal)).toMatchObject({ documents: { flags: { flags: {} } } });
  });

  it('knows no kill switches where there is no profile for them, and is an error where there is none for flags', async () => {
    const switches = session([thrown('ResourceNotFoundException')], { part: 'killSwitches' });
    expect(await switches.feed.ask(undefined, signal)).toEqual({
      documents: { killSwitches: { flags: {} } },
    });
    const flags = session([thrown('ResourceNotFoundException')]);
    await expect(flags.feed.ask(undefined, signal)).rejects.toThrow('ResourceNotFoundException');
  });

  it('never forgets a kill switch because its profile is gone', async () => {
    const { feed } = session([thrown('ResourceNotFoundException')], { part: 'killSwitches' });
    await expect(feed.ask('t1', signal)).rejects.toThrow('ResourceNotFoundException');
  });
});
