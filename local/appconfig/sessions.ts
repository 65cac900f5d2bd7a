import { randomBytes } from 'node:crypto';
import {
  BadRequestException,
  type GetLatestConfigurationCommandInput,
  type GetLatestConfigurationCommandOutput,
  type InvalidParameterProblem,
  ResourceNotFoundException,
  type StartConfigurationSessionCommandInput,
  type StartConfigurationSessionCommandOutput,
} from '@aws-sdk/client-appconfigdata';
import type { CommandHandlers } from '../attach.ts';
import type { Clock } from '../clock.ts';
import { knownFields } from '../known-fields.ts';
import type { Answer } from './failures.ts';
import { blob } from './profiles.ts';
import type { Store } from './store.ts';

/** Seconds between two looks of a session. */
const shortestPoll = 15;
const longestPoll = 86_400;
const usualPoll = 60;
const tokenMs = 86_400_000;

interface Session {
  environmentId: string;
  profileId: string;
  pollSeconds: number;
  /** 0 to below 100: a growing deployment reaches it when it is out to more percent than this. */
  place: number;
  /** That it was given last. */
  version: number | undefined;
  issuedAt: number;
  earliest: number;
}

const told = (message: string) => ({ $metadata: {}, message, Message: message });

const invalidToken = (Problem: InvalidParameterProblem, message: string) =>
  new BadRequestException({
    ...told(message),
    Reason: 'InvalidParameters',
    Details: { InvalidParameters: { ConfigurationToken: { Problem } } },
  });

const notFound = (
  ResourceType: 'Application' | 'Environment' | 'ConfigurationProfile' | 'Deployment',
  what: string,
) => new ResourceNotFoundException({ ...told(`${ResourceType} ${what} could not be found`), ResourceType });

/**
 * AppConfigData: sessions that ask for what is deployed. Whoever holds a session lives in this process, so sessions end
 * with it: their tokens are not kept.
 */
export function sessionHandlers(options: {
  store: Store;
  clock: Clock;
  /** Which share of a growing deployment a session belongs to: [0, 1). */
  random: () => number;
}): CommandHandlers {
  const { store, clock, random } = options;
  const sessions = new Map<string, Session>();

  function issue(session: Omit<Session, 'issuedAt'>): string {
    // Tokens are kept in the order in which they end.
    for (const [token, { issuedAt }] of sessions) {
      if (clock.now() - issuedAt <= tokenMs) break;
      sessions.delete(token);
    }
    const token = randomBytes(32).toString('base64url');
    sessions.set(token, { ...session, issuedAt: clock.now() });
    return token;
  }

  /** What a session at this place gets now: the new version when a deployment has come to it, else what was there. */
  function versionFor({ environmentId, profileId, place }: Session): number | undefined {
    const [newest] = store.deploymentsOf(environmentId);
    if (
      newest?.profileId === profileId &&
      (newest.state === 'DEPLOYING' || newest.state === 'BAKING') &&
      newest.percentage > place
    )
      return newest.version;
    return store.inForce(environmentId, profileId)?.version;
  }

  return {
    async StartConfigurationSession(
      input: StartConfigurationSessionCommandInput,
    ): Answer<StartConfigurationSessionCommandOutput> {
      knownFields('AppConfigData.StartConfigurationSession', input, [
        'ApplicationIdentifier',
        'EnvironmentIdentifier',
        'ConfigurationProfileIdentifier',
        'RequiredMinimumPollIntervalInSeconds',
      ]);
      const pollSeconds = input.RequiredMinimumPollIntervalInSeconds ?? usualPoll;
      if (!Number.isInteger(pollSeconds) || pollSeconds < shortestPoll || pollSeconds > longestPoll) {
        throw new BadRequestException(
          told(
            `RequiredMinimumPollIntervalInSeconds is ${shortestPoll} to ${longestPoll}, this is ${pollSeconds}`,
          ),
        );
      }
      const named = <T extends { id: string; name: string }>(records: T[], identifier: string | undefined) =>
        records.find(({ id }) => id === identifier) ?? records.find(({ name }) => name === identifier);
      const application = named(store.applications.all(), input.ApplicationIdentifier);
      if (application === undefined) throw notFound('Application', `${input.ApplicationIdentifier}`);
      const within = <T extends { applicationId: string }>(records: T[]) =>
        records.filter(({ applicationId }) => applicationId === application.id);
      const environment = named(within(store.environments.all()), input.EnvironmentIdentifier);
      if (environment === undefined) throw notFound('Environment', `${input.EnvironmentIdentifier}`);
      const profile = named(within(store.profiles.all()), input.ConfigurationProfileIdentifier);
      if (profile === undefined)
        throw notFound('ConfigurationProfile', `${input.ConfigurationProfileIdentifier}`);
      return {
        InitialConfigurationToken: issue({
          environmentId: environment.id,
          profileId: profile.id,
          pollSeconds,
          place: random() * 100,
          version: undefined,
          earliest: 0,
        }),
      };
    },

    async GetLatestConfiguration(
      input: GetLatestConfigurationCommandInput,
    ): Answer<GetLatestConfigurationCommandOutput> {
      knownFields('AppConfigData.GetLatestConfiguration', input, ['ConfigurationToken']);
      const token = input.ConfigurationToken ?? '';
      const session = sessions.get(token);
      if (session === undefined)
        throw invalidToken(
          'Corrupted',
          'The token is of no session, or was used before: start a new session',
        );
      if (clock.now() - session.issuedAt > tokenMs)
        throw invalidToken('Expired', 'The token is older than 24 hours: start a new session');
      if (clock.now() < session.earliest) throw invalidToken('PollIntervalNotSatisfied', 'Request too early');
      const number = versionFor(session);
      if (number === undefined) {
        const environment = store.environments.get(session.environmentId);
        throw notFound(
          'Deployment',
          `of the profile in the environment ${environment?.name ?? session.environmentId}`,
        );
      }
      // Read before the token is used up: what fails here can be asked for again.
      const changed = number !== session.version;
      const content = changed ? await store.readContent(session.profileId, number) : Buffer.alloc(0);
      const record = store.version(session.profileId, number);
      sessions.delete(token);
      return {
        NextPollConfigurationToken: issue({
          ...session,
          version: number,
          earliest: clock.now() + session.pollSeconds * 1_000,
        }),
        NextPollIntervalInSeconds: session.pollSeconds,
        ContentType: record.contentType,
        Configuration: blob(content),
        ...(changed && record.label !== undefined ? { VersionLabel: record.label } : {}),
      };
    },
  };
}
