import { createHash } from 'node:crypto';
import { ListDeploymentsCommand, UpdateEnvironmentCommand, type Validator } from '@aws-sdk/client-appconfig';
import { appConfig } from '#platform/appconfig-clients.ts';
import { environmentVariable } from '#platform/environment.ts';

// What flags ask of AppConfig beside what every document does (platform/appconfig.ts); each call may be made again.

export const application = (): string => environmentVariable('FLAGS_APPLICATION');

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

export const validators = (): Validator[] => [
  { Type: 'JSON_SCHEMA', Content: JSON.stringify(documentSchema) },
  { Type: 'LAMBDA', Content: environmentVariable('FLAGS_VALIDATOR_FUNCTION') },
];

/** What the labels of versions begin with that are ours. */
export const labelPrefix = 'revision-';

/** What a revision of a document is hosted as. The text is in it, too: a table that was restored counts revisions anew. */
export const labelOf = (revision: number, text: string): string =>
  `${labelPrefix}${revision}-${createHash('sha256').update(text).digest('hex').slice(0, 12)}`;

/** Sets the alarms that take a deployment back, and the role that AppConfig looks at them with. */
export async function watchAlarms(environmentId: string, alarms: readonly string[]): Promise<void> {
  const Monitors = alarms.map((AlarmArn) => ({
    AlarmArn,
    AlarmRoleArn: environmentVariable('FLAGS_ALARM_ROLE'),
  }));
  await appConfig().send(
    new UpdateEnvironmentCommand({ ApplicationId: application(), EnvironmentId: environmentId, Monitors }),
  );
}

/** The newest deployment of an environment, if it is of this version. */
export async function deploymentOf(environmentId: string, version: number): Promise<number | undefined> {
  const { Items = [] } = await appConfig().send(
    new ListDeploymentsCommand({ ApplicationId: application(), EnvironmentId: environmentId, MaxResults: 1 }),
  );
  return Items[0]?.ConfigurationVersion === String(version) ? Items[0].DeploymentNumber : undefined;
}
