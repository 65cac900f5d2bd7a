import {
  GetHostedConfigurationVersionCommand,
  ListDeploymentsCommand,
  ResourceNotFoundException,
} from '@aws-sdk/client-appconfig';
import { appConfig } from './appconfig-clients.ts';

// What AppConfig itself says is in force, whoever deployed it. Asked of its control plane, which costs nothing; a session
// of its data plane is paid for by every document that it gives.

/** A deployment of a profile that counts: complete, or on its way. */
export interface Deployed {
  deployment: number;
  version: number;
  /** Of the version; null where whoever hosted it gave none. */
  label: string | null;
  complete: boolean;
  /** When it was complete, or began; ISO 8601. */
  at: string | null;
}

/** Deployments looked through: 50 a page. */
const mostPages = 20;

/** A profile, by its id and, since not every answer has that, by its name. */
export interface WantedProfile {
  id: string;
  name: string;
}

const underWay: ReadonlySet<string> = new Set(['DEPLOYING', 'BAKING', 'VALIDATING', 'ROLLING_BACK']);

/**
 * The newest deployment of each of these profiles in an environment that is complete or on its way; those that were taken
 * back do not count. A profile is null where it has none, and left out where none was found among the newest 1,000
 * deployments. Undefined: AppConfig has no such environment.
 */
export async function deployedOf(
  { applicationId, environmentId }: { applicationId: string; environmentId: string },
  profiles: readonly WantedProfile[],
): Promise<Map<string, Deployed | null> | undefined> {
  const found = new Map<string, Deployed | null>();
  const wanted = new Map(profiles.map((profile) => [profile.id, profile]));
  let token: string | undefined;
  for (let page = 0; page < mostPages && wanted.size > 0; page += 1) {
    const answer = await listed(applicationId, environmentId, token);
    if (answer === undefined) return undefined;
    for (const one of answer.Items ?? []) {
      const { ConfigurationProfileId: id, ConfigurationName: name, State: state = '' } = one;
      const complete = state === 'COMPLETE';
      const profile =
        id === undefined ? [...wanted.values()].find((each) => each.name === name) : wanted.get(id);
      if (profile === undefined || (!complete && !underWay.has(state))) continue;
      wanted.delete(profile.id);
      found.set(profile.id, {
        deployment: one.DeploymentNumber ?? 0,
        version: Number(one.ConfigurationVersion),
        label: one.VersionLabel ?? null,
        complete,
        at: (one.CompletedAt ?? one.StartedAt)?.toISOString() ?? null,
      });
    }
    token = answer.NextToken;
    if (token !== undefined) continue;
    for (const id of wanted.keys()) found.set(id, null);
    break;
  }
  return found;
}

async function listed(ApplicationId: string, EnvironmentId: string, NextToken: string | undefined) {
  try {
    return await appConfig().send(
      new ListDeploymentsCommand({ ApplicationId, EnvironmentId, NextToken, MaxResults: 50 }),
    );
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return undefined;
    throw error;
  }
}

/** Why no difference can be named where a profile has nothing in force. */
export const problems = {
  noEnvironment: 'The environment is not at AppConfig any more',
  nothing: 'Nothing is in force',
};

/** The texts of the version that ought to be in force and of the one that is, or which of them is not there any more. */
export async function hostedTexts(
  hosting: { applicationId: string; profileId: string },
  versions: { expected: number; found: number },
): Promise<{ expected: string; found: string } | { problem: string }> {
  const [expected, found] = await Promise.all([
    hostedText(hosting, versions.expected),
    hostedText(hosting, versions.found),
  ]);
  if (expected !== undefined && found !== undefined) return { expected, found };
  const gone = expected === undefined ? versions.expected : versions.found;
  return { problem: `Version ${gone} is not at AppConfig any more` };
}

async function hostedText(
  { applicationId, profileId }: { applicationId: string; profileId: string },
  version: number,
): Promise<string | undefined> {
  try {
    const { Content } = await appConfig().send(
      new GetHostedConfigurationVersionCommand({
        ApplicationId: applicationId,
        ConfigurationProfileId: profileId,
        VersionNumber: version,
      }),
    );
    return Buffer.from(Content ?? []).toString('utf8');
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return undefined;
    throw error;
  }
}
