import { createHash } from 'node:crypto';
import {
  BadRequestException,
  ConflictException,
  CreateConfigurationProfileCommand,
  CreateEnvironmentCommand,
  CreateHostedConfigurationVersionCommand,
  GetDeploymentCommand,
  type GetDeploymentCommandOutput,
  ListConfigurationProfilesCommand,
  ListDeploymentsCommand,
  ListEnvironmentsCommand,
  ListHostedConfigurationVersionsCommand,
  StartDeploymentCommand,
  UpdateEnvironmentCommand,
} from '@aws-sdk/client-appconfig';
import { appConfig } from '#platform/appconfig-clients.ts';
import { environmentVariable } from '#platform/environment.ts';
import { ServiceUnavailable } from '#platform/errors.ts';

// The calls that publishing is made of; each may be made again.

const application = () => environmentVariable('FLAGS_APPLICATION');

/** An application has 20 environments and 100 profiles, unless quotas were raised. */
const mostPages = 20;

interface Named {
  Id?: string | undefined;
  Name?: string | undefined;
}

/** The id of what has this name, page by page; the same of several for everybody. */
async function idByName(
  name: string,
  list: (
    token: string | undefined,
  ) => Promise<{ Items?: Named[] | undefined; NextToken?: string | undefined }>,
): Promise<string | undefined> {
  const found: string[] = [];
  let token: string | undefined;
  for (let page = 0; page < mostPages; page += 1) {
    const { Items = [], NextToken } = await list(token);
    for (const { Id, Name } of Items) if (Name === name && Id !== undefined) found.push(Id);
    token = NextToken;
    if (token === undefined) break;
  }
  return found.sort()[0];
}

function answered<T>(value: T | undefined, what: string): T {
  if (value !== undefined) return value;
  throw new ServiceUnavailable(`AppConfig answered without ${what}`, { evidence: { what } });
}

/** The role that AppConfig looks at alarms with. */
const monitorsOf = (alarms: readonly string[]) =>
  alarms.map((AlarmArn) => ({ AlarmArn, AlarmRoleArn: environmentVariable('FLAGS_ALARM_ROLE') }));

/** The environment of this name, made where it is not there. */
export async function ensureEnvironment(name: string): Promise<string> {
  const found = await idByName(name, (NextToken) =>
    appConfig().send(
      new ListEnvironmentsCommand({ ApplicationId: application(), NextToken, MaxResults: 50 }),
    ),
  );
  if (found !== undefined) return found;
  const made = await appConfig().send(
    new CreateEnvironmentCommand({ ApplicationId: application(), Name: name }),
  );
  return answered(made.Id, 'the id of the environment');
}

/** What of a document AppConfig itself looks at before the function of ours does. */
const documentSchema = {
  $schema: 'http://json-schema.org/draft-04/schema#',
  type: 'object',
  required: ['flags'],
  properties: {
    flags: {
      type: 'object',
      additionalProperties: {
        type: 'object',
        required: ['state', 'variants'],
        properties: {
          state: { enum: ['ENABLED', 'DISABLED'] },
          variants: { type: 'object' },
        },
      },
    },
  },
};

/** The profile of this name with its validators, made where it is not there. */
export async function ensureProfile(name: string): Promise<string> {
  const found = await idByName(name, (NextToken) =>
    appConfig().send(
      new ListConfigurationProfilesCommand({ ApplicationId: application(), NextToken, MaxResults: 50 }),
    ),
  );
  if (found !== undefined) return found;
  const made = await appConfig().send(
    new CreateConfigurationProfileCommand({
      ApplicationId: application(),
      Name: name,
      LocationUri: 'hosted',
      Type: 'AWS.Freeform',
      Validators: [
        { Type: 'JSON_SCHEMA', Content: JSON.stringify(documentSchema) },
        { Type: 'LAMBDA', Content: environmentVariable('FLAGS_VALIDATOR_FUNCTION') },
      ],
    }),
  );
  return answered(made.Id, 'the id of the profile');
}

/** Sets the alarms that take a deployment back. */
export const watchAlarms = async (environmentId: string, alarms: readonly string[]): Promise<void> =>
  void (await appConfig().send(
    new UpdateEnvironmentCommand({
      ApplicationId: application(),
      EnvironmentId: environmentId,
      Monitors: monitorsOf(alarms),
    }),
  ));

/** The version that hosts a revision of a document, if there is one. */
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

/** Hosts a revision of a document, once: its label is the revision. Answers the version at AppConfig. */
export async function host(profileId: string, revision: number, text: string): Promise<number> {
  // The text is in it, too: a table that was restored counts revisions anew.
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 12);
  const label = `revision-${revision}-${hash}`;
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

/** The newest deployment of an environment, if it is of this version. */
export async function deploymentOf(environmentId: string, version: number): Promise<number | undefined> {
  const { Items = [] } = await appConfig().send(
    new ListDeploymentsCommand({ ApplicationId: application(), EnvironmentId: environmentId, MaxResults: 1 }),
  );
  return Items[0]?.ConfigurationVersion === String(version) ? Items[0].DeploymentNumber : undefined;
}

export interface Start {
  environmentId: string;
  profileId: string;
  version: number;
  strategyId: string;
  revision: number;
}

/** Starts a deployment; undefined while another one of this environment goes on. Answers its number. */
export async function startDeployment(start: Start): Promise<number | undefined> {
  try {
    const { DeploymentNumber } = await appConfig().send(
      new StartDeploymentCommand({
        ApplicationId: application(),
        EnvironmentId: start.environmentId,
        ConfigurationProfileId: start.profileId,
        ConfigurationVersion: String(start.version),
        DeploymentStrategyId: start.strategyId,
        Description: `revision ${start.revision}`,
      }),
    );
    return answered(DeploymentNumber, 'the number of the deployment');
  } catch (error) {
    if (error instanceof ConflictException) return undefined;
    throw error;
  }
}

export const readDeployment = (
  environmentId: string,
  deployment: number,
): Promise<GetDeploymentCommandOutput> =>
  appConfig().send(
    new GetDeploymentCommand({
      ApplicationId: application(),
      EnvironmentId: environmentId,
      DeploymentNumber: deployment,
    }),
  );

/** Why AppConfig would not take something, and will not take it again; undefined for what may pass. */
export function refusalOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const lasting = ['PayloadTooLargeException', 'ServiceQuotaExceededException'];
  if (!(error instanceof BadRequestException) && !lasting.includes(error.name)) return undefined;
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
