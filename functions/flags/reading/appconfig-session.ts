import type { AppConfigDataClient } from '@aws-sdk/client-appconfigdata';
import {
  GetLatestConfigurationCommand,
  StartConfigurationSessionCommand,
} from '@aws-sdk/client-appconfigdata';
import { appConfigData } from '#platform/appconfig-clients.ts';
import { type AppConfigProfile, emptyDocument, type Feed, jsonOrText } from './feed.ts';

export interface SessionOptions extends AppConfigProfile {
  /** How often AppConfig is asked, seconds; it answers no session more often than every 15 s. */
  pollSeconds?: number | undefined;
  /** What it means that AppConfig has no such profile or environment: by default that nothing was ever killed, or an error. */
  missing?: 'empty' | 'error';
  client?: () => Pick<AppConfigDataClient, 'send'>;
}

const isNamed = (error: unknown, name: string): boolean => error instanceof Error && error.name === name;

/** One profile of AppConfig by a session of its own, which gets each state of a growing deployment as its share says. */
export function appConfigSession({
  application,
  profile,
  part,
  pollSeconds = 15,
  missing = part === 'killSwitches' ? 'empty' : 'error',
  client = appConfigData,
}: SessionOptions): Feed {
  async function start(signal: AbortSignal): Promise<string | undefined> {
    const { InitialConfigurationToken } = await client().send(
      new StartConfigurationSessionCommand({
        ApplicationIdentifier: application,
        EnvironmentIdentifier: profile,
        ConfigurationProfileIdentifier: profile,
        RequiredMinimumPollIntervalInSeconds: pollSeconds,
      }),
      { abortSignal: signal },
    );
    return InitialConfigurationToken;
  }

  async function latest(ConfigurationToken: string | undefined, signal: AbortSignal) {
    return client().send(new GetLatestConfigurationCommand({ ConfigurationToken }), { abortSignal: signal });
  }

  /** The token is good once: when AppConfig does not know it, or its answer was lost, a new session tells everything. */
  async function read(token: string | undefined, signal: AbortSignal) {
    if (token === undefined) return latest(await start(signal), signal);
    try {
      return await latest(token, signal);
    } catch (error) {
      if (!isNamed(error, 'BadRequestException')) throw error;
      return latest(await start(signal), signal);
    }
  }

  return {
    name: `AppConfig ${profile}`,
    parts: [part],
    intervalMs: pollSeconds * 1_000,
    async ask(cursor, signal) {
      try {
        const { NextPollConfigurationToken, NextPollIntervalInSeconds, Configuration, VersionLabel } =
          await read(cursor, signal);
        const text = Configuration === undefined ? '' : Buffer.from(Configuration).toString('utf8');
        // Empty is the answer to a later question when nothing is new, and to the first when nothing was ever deployed.
        const document = text === '' ? (cursor === undefined ? emptyDocument : undefined) : jsonOrText(text);
        return {
          ...(document === undefined ? {} : { documents: { [part]: document }, revision: VersionLabel }),
          cursor: NextPollConfigurationToken,
          restMs: NextPollIntervalInSeconds === undefined ? undefined : NextPollIntervalInSeconds * 1_000,
        };
      } catch (error) {
        if (missing === 'empty' && cursor === undefined && isNamed(error, 'ResourceNotFoundException')) {
          return { documents: { [part]: emptyDocument } };
        }
        throw error;
      }
    },
  };
}
