import {
  BadRequestException,
  ConflictException,
  CreateConfigurationProfileCommand,
  CreateEnvironmentCommand,
  CreateHostedConfigurationVersionCommand,
  GetDeploymentCommand,
  ListConfigurationProfilesCommand,
  ListEnvironmentsCommand,
  ListHostedConfigurationVersionsCommand,
  StartDeploymentCommand,
} from '@aws-sdk/client-appconfig';
import { appConfig } from '#platform/appconfig-clients.ts';
import { environmentVariable } from '#platform/environment.ts';
import { ServiceUnavailable } from '#platform/errors.ts';

// The calls that publishing is made of; each may be made again.

const application = () => environmentVariable('CONFIGURATION_APPLICATION');

/** Quotas of an application are 20 environments and 100 profiles, unless they were raised. */
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
export async function ensureEnvironment(Name: string): Promise<string> {
  const ApplicationId = application();
  const found = await idByName(Name, (NextToken) =>
    appConfig().send(new ListEnvironmentsCommand({ ApplicationId, NextToken, MaxResults: 50 })),
  );
  if (found !== undefined) return found;
  const made = await appConfig().send(new CreateEnvironmentCommand({ ApplicationId, Name }));
  return answered(made.Id, 'the id of the environment');
}

/** The profile of this name, made where it is not there. */
export async function ensureProfile(Name: string): Promise<string> {
  const ApplicationId = application();
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
    }),
  );
  return answered(made.Id, 'the id of the profile');
}

async function hostedVersion(profileId: string, label: string): Promise<number | undefined> {
  const { Items = [] } = await appConfig().send(
    new ListHostedConfigurationVersionsCommand({
      ApplicationId: application(),
      ConfigurationProfileId: profileId,
      VersionLabel: label,
      MaxResults: 1,
    }),
  );
  return Items[0]?.VersionNumber;
}

/** Hosts a document, once: its label is its hash. Answers the version at AppConfig. */
export async function host(profileId: string, hash: string, text: string): Promise<number> {
  const label = `document-${hash}`;
  const found = await hostedVersion(profileId, label);
  if (found !== undefined) return found;
  try {
    const made = await appConfig().send(
      new CreateHostedConfigurationVersionCommand({
        ApplicationId: application(),
        ConfigurationProfileId: profileId,
        ContentType: 'application/json',
        Content: Buffer.from(text),
        VersionLabel: label,
      }),
    );
    return answered(made.VersionNumber, 'the number of the version');
  } catch (error) {
    if (!(error instanceof ConflictException)) throw error;
    // Somebody hosted it at the same moment.
    return answered(await hostedVersion(profileId, label), 'the version of a label that is taken');
  }
}

/** Starts a deployment; undefined while another one of this environment goes on. Answers its number. */
export async function startDeployment(
  { environmentId, profileId }: { environmentId: string; profileId: string },
  version: number,
  hash: string,
): Promise<number | undefined> {
  try {
    const { DeploymentNumber } = await appConfig().send(
      new StartDeploymentCommand({
        ApplicationId: application(),
        EnvironmentId: environmentId,
        ConfigurationProfileId: profileId,
        ConfigurationVersion: String(version),
        DeploymentStrategyId: environmentVariable('CONFIGURATION_IMMEDIATE_STRATEGY'),
        Description: `document ${hash}`,
      }),
    );
    return answered(DeploymentNumber, 'the number of the deployment');
  } catch (error) {
    if (error instanceof ConflictException) return undefined;
    throw error;
  }
}

/** How a deployment stands. */
export async function deploymentState(environmentId: string, deployment: number): Promise<string> {
  const { State = 'DEPLOYING' } = await appConfig().send(
    new GetDeploymentCommand({
      ApplicationId: application(),
      EnvironmentId: environmentId,
      DeploymentNumber: deployment,
    }),
  );
  return State;
}

const lasting = new Set(['PayloadTooLargeException', 'ServiceQuotaExceededException']);

/** Why AppConfig would not take something, and will not take it again; undefined for what may pass. */
export const refusalOf = (error: unknown): string | undefined =>
  error instanceof Error && (error instanceof BadRequestException || lasting.has(error.name))
    ? error.message.slice(0, 1_000)
    : undefined;
