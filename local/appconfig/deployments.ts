import type * as sdk from '@aws-sdk/client-appconfig';
import type { CommandHandlers } from '../attach.ts';
import type { Clock } from '../clock.ts';
import { knownFields } from '../known-fields.ts';
import type { Lambda } from '../lambda/runtime.ts';
import { type Answer, badRequest, conflict } from './failures.ts';
import { type DeploymentRecord, deploymentId } from './model.ts';
import type { Progress } from './progress.ts';
import { described, pageOf, type Store } from './store.ts';
import { validate } from './validators.ts';

/** For how long a complete deployment can be reverted. */
const revertibleMs = 72 * 3_600_000;
/** Of an environment; older ones are forgotten. */
const mostKept = 200;

const summaryOf = (record: DeploymentRecord) => ({
  DeploymentNumber: record.number,
  ConfigurationProfileId: record.profileId,
  ConfigurationName: record.profileName,
  ConfigurationVersion: String(record.version),
  DeploymentDurationInMinutes: record.strategy.minutes,
  GrowthType: record.strategy.growthType,
  GrowthFactor: record.strategy.growthFactor,
  FinalBakeTimeInMinutes: record.strategy.bakeMinutes,
  State: record.state,
  PercentageComplete: record.percentage,
  StartedAt: new Date(record.startedAt),
  CompletedAt: record.completedAt === undefined ? undefined : new Date(record.completedAt),
  VersionLabel: record.label,
});

const deploymentOf = (applicationId: string, record: DeploymentRecord) => ({
  ...summaryOf(record),
  ApplicationId: applicationId,
  EnvironmentId: record.environmentId,
  DeploymentStrategyId: record.strategy.id,
  ConfigurationLocationUri: 'hosted',
  Description: record.description,
  EventLog: record.events.map(({ type, by, description, at }) => ({
    EventType: type,
    TriggeredBy: by,
    Description: description,
    OccurredAt: new Date(at),
  })),
});

/** Deployments: started, looked at, stopped. */
export function deploymentHandlers(options: {
  store: Store;
  progress: Progress;
  clock: Clock;
  invoke: Lambda['invoke'];
}): CommandHandlers {
  const { store, progress, clock } = options;

  return {
    async StartDeployment(input: sdk.StartDeploymentCommandInput): Answer<sdk.StartDeploymentCommandOutput> {
      knownFields('AppConfig.StartDeployment', input, [
        'ApplicationId',
        'EnvironmentId',
        'DeploymentStrategyId',
        'ConfigurationProfileId',
        'ConfigurationVersion',
        'Description',
        'Tags',
        'LatestDeploymentNumber',
      ]);
      const { id: environmentId } = store.environment(input.ApplicationId, input.EnvironmentId);
      const profile = store.profile(input.ApplicationId, input.ConfigurationProfileId);
      const strategy = store.strategy(input.DeploymentStrategyId);
      const labelled = store.versions
        .all()
        .find((one) => one.profileId === profile.id && one.label === input.ConfigurationVersion);
      const version = labelled ?? store.version(profile.id, Number(input.ConfigurationVersion));
      await validate(
        profile.validators,
        {
          applicationId: profile.applicationId,
          profileId: profile.id,
          version: String(version.number),
          content: await store.readContent(profile.id, version.number),
        },
        options.invoke,
      );
      // Nothing waits from here until the deployment is known to all others.
      const environment = store.environment(input.ApplicationId, environmentId);
      const [newest, ...older] = store.deploymentsOf(environmentId);
      if (newest?.state === 'DEPLOYING' || newest?.state === 'BAKING') {
        throw conflict(
          `Deployment number ${newest.number} is ${newest.state} in the environment ${environment.name}: one at a time`,
        );
      }
      if (
        input.LatestDeploymentNumber !== undefined &&
        input.LatestDeploymentNumber !== environment.lastDeployment
      ) {
        throw conflict(
          `The latest deployment is ${environment.lastDeployment}, LatestDeploymentNumber says ${input.LatestDeploymentNumber}`,
        );
      }
      const startedAt = clock.now();
      const record: DeploymentRecord = {
        environmentId,
        number: environment.lastDeployment + 1,
        profileId: profile.id,
        profileName: profile.name,
        version: version.number,
        ...(version.label === undefined ? {} : { label: version.label }),
        ...described(input),
        strategy,
        state: 'DEPLOYING',
        percentage: 0,
        passed: 0,
        startedAt,
        events: [
          { type: 'DEPLOYMENT_STARTED', by: 'USER', at: startedAt, description: 'Deployment started' },
        ],
        unsent: ['Start'],
      };
      await Promise.all([
        store.environments.put(environmentId, { ...environment, lastDeployment: record.number }),
        progress.keep(record),
        ...older
          .slice(mostKept)
          .filter((one) => store.inForce(environmentId, one.profileId) !== one)
          .map(({ number }) => store.deployments.remove(deploymentId(environmentId, number))),
      ]);
      return deploymentOf(environment.applicationId, record);
    },
    async GetDeployment(input: sdk.GetDeploymentCommandInput): Answer<sdk.GetDeploymentCommandOutput> {
      knownFields('AppConfig.GetDeployment', input, ['ApplicationId', 'EnvironmentId', 'DeploymentNumber']);
      const { id, applicationId } = store.environment(input.ApplicationId, input.EnvironmentId);
      return deploymentOf(applicationId, store.deployment(id, input.DeploymentNumber));
    },
    async ListDeployments(input: sdk.ListDeploymentsCommandInput): Answer<sdk.ListDeploymentsCommandOutput> {
      knownFields('AppConfig.ListDeployments', input, [
        'ApplicationId',
        'EnvironmentId',
        'MaxResults',
        'NextToken',
      ]);
      const { id } = store.environment(input.ApplicationId, input.EnvironmentId);
      const { Items, ...next } = pageOf(store.deploymentsOf(id), ({ number }) => String(number), input);
      return { Items: Items.map(summaryOf), ...next };
    },
    async StopDeployment(input: sdk.StopDeploymentCommandInput): Answer<sdk.StopDeploymentCommandOutput> {
      knownFields('AppConfig.StopDeployment', input, [
        'ApplicationId',
        'EnvironmentId',
        'DeploymentNumber',
        'AllowRevert',
      ]);
      const { id, applicationId } = store.environment(input.ApplicationId, input.EnvironmentId);
      const record = store.deployment(id, input.DeploymentNumber);
      if (record.state === 'DEPLOYING' || record.state === 'BAKING')
        return deploymentOf(applicationId, await progress.end(record, 'ROLLED_BACK'));
      const revertible =
        input.AllowRevert === true &&
        store.inForce(id, record.profileId) === record &&
        clock.now() - (record.completedAt ?? 0) <= revertibleMs;
      if (!revertible) {
        throw badRequest(
          `Deployment number ${record.number} is ${record.state}; only one that is under way can be stopped, and with AllowRevert the latest one within 72 hours`,
        );
      }
      return deploymentOf(applicationId, await progress.end(record, 'REVERTED'));
    },
  };
}
