import {
  BadRequestException,
  ConflictException,
  CreateConfigurationProfileCommand,
  CreateEnvironmentCommand,
  CreateHostedConfigurationVersionCommand,
  GetDeploymentCommand,
  type GetDeploymentCommandOutput,
  ListConfigurationProfilesCommand,
  ListEnvironmentsCommand,
  ListHostedConfigurationVersionsCommand,
  StartDeploymentCommand,
  type Validator,
} from '@aws-sdk/client-appconfig';
import { appConfig } from './appconfig-clients.ts';
import { ServiceUnavailable } from './errors.ts';

// The calls that publishing a document is made of; each may be made again. ApplicationId: of the capability that publishes.

/** An application has 20 environments and 100 profiles, unless quotas were raised. */
const mostPages = 20;

interface Named {
  Id?: string | undefined;
  Name?: string | undefined;
}
type Page = { Items?: Named[] | undefined; NextToken?: string | undefined };

/** The id of what has this name; of several, which two at the same moment may have made, the same for everybody. */
async function idByName(
  name: string,
  list: (token: string | undefined) => Promise<Page>,
): Promise<string | undefined> {
  const found: string[] = [];
  let token: string | undefined;
  for (let page = 0; page < mostPages; page += 1) {
    const { Items = [], NextToken } = await list(token);
    for (const { Id, Name } of Items) if (Name === name && Id !== undefined) found.push(Id);
    token = NextToken;
    if (token === undefined) break;
  }
  return found.toSorted()[0];
}

function answered<T>(value: T | undefined, what: string): T {
  if (value !== undefined) return value;
  throw new ServiceUnavailable(`AppConfig answered without ${what}`, { evidence: { what } });
}

/** The environment of this name, made where it is not there. */
export async function ensureEnvironment(ApplicationId: string, Name: string): Promise<string> {
  const found = await idByName(Name, (NextToken) =>
    appConfig().send(new ListEnvironmentsCommand({ ApplicationId, NextToken, MaxResults: 50 })),
  );
  if (found !== undefined) return found;
  const made = await appConfig().send(new CreateEnvironmentCommand({ ApplicationId, Name }));
  return answered(made.Id, 'the id of the environment');
}

/** The profile of this name, made with these validators where it is not there. */
export async function ensureProfile(
  ApplicationId: string,
  Name: string,
  Validators: Validator[],
): Promise<string> {
  const found = await idByName(Name, (NextToken) =>
    appConfig().send(new ListConfigurationProfilesCommand({ ApplicationId, NextToken, MaxResults: 50 })),
  );
  if (found !== undefined) return found;
  const made = await appConfig().send(
    new CreateConfigurationProfileCommand({
      ApplicationId,
      Name,
      LocationUri: 'hosted',
      Type: 'AWS.Freeform',
      Validators,
    }),
  );
  return answered(made.Id, 'the id of the profile');
}

export interface Profile {
  ApplicationId: string;
  profileId: string;
}

/** The version that a label names, if it is there. */
export async function hostedVersion(
  { ApplicationId, profileId }: Profile,
  VersionLabel: string,
): Promise<number | undefined> {
  const { Items = [] } = await appConfig().send(
    new ListHostedConfigurationVersionsCommand({
      ApplicationId,
      ConfigurationProfileId: profileId,
      VersionLabel,
      MaxResults: 1,
    }),
  );
  return Items[0]?.VersionNumber;
}

/** Hosts a document of JSON, once a label. Answers its version at AppConfig. */
export async function host(profile: Profile, label: string, text: string): Promise<number> {
  const found = await hostedVersion(profile, label);
  if (found !== undefined) return found;
  try {
    const made = await appConfig().send(
      new CreateHostedConfigurationVersionCommand({
        ApplicationId: profile.ApplicationId,
        ConfigurationProfileId: profile.profileId,
        ContentType: 'application/json',
        Content: Buffer.from(text),
        VersionLabel: label,
      }),
    );
    return answered(made.VersionNumber, 'the number of the version');
  } catch (error) {
    if (!(error instanceof ConflictException)) throw error;
    // Somebody hosted it at the same moment.
    return answered(await hostedVersion(profile, label), 'the version of a label that is taken');
  }
}

export interface Start extends Profile {
  environmentId: string;
  version: number;
  strategyId: string;
  description: string;
}

/** Starts a deployment; undefined while another one of this environment goes on. Answers its number. */
export async function startDeployment(start: Start): Promise<number | undefined> {
  try {
    const { DeploymentNumber } = await appConfig().send(
      new StartDeploymentCommand({
        ApplicationId: start.ApplicationId,
        EnvironmentId: start.environmentId,
        ConfigurationProfileId: start.profileId,
        ConfigurationVersion: String(start.version),
        DeploymentStrategyId: start.strategyId,
        Description: start.description,
      }),
    );
    return answered(DeploymentNumber, 'the number of the deployment');
  } catch (error) {
    if (error instanceof ConflictException) return undefined;
    throw error;
  }
}

export const readDeployment = (
  ApplicationId: string,
  EnvironmentId: string,
  DeploymentNumber: number,
): Promise<GetDeploymentCommandOutput> =>
  appConfig().send(new GetDeploymentCommand({ ApplicationId, EnvironmentId, DeploymentNumber }));

const lasting = new Set(['PayloadTooLargeException', 'ServiceQuotaExceededException']);

/** Why AppConfig would not take something, and will not take it again; undefined for what may pass. */
export function refusalOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if (!(error instanceof BadRequestException) && !lasting.has(error.name)) return undefined;
  const details =
    error instanceof BadRequestException &&
    error.Details !== undefined &&
    'InvalidConfiguration' in error.Details
      ? (error.Details.InvalidConfiguration ?? [])
      : [];
  const reasons = details.flatMap(({ Reason }) => (Reason === undefined ? [] : [Reason]));
  return [error.message, ...reasons.filter((reason) => !error.message.includes(reason))]
    .join('; ')
    .slice(0, 1_000);
}
