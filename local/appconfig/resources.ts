import type * as sdk from '@aws-sdk/client-appconfig';
import type { CommandHandlers } from '../attach.ts';
import { knownFields } from '../known-fields.ts';
import { type Answer, badRequest, conflict, quotaExceeded } from './failures.ts';
import { predefinedStrategies } from './growth.ts';
import type { ApplicationRecord, EnvironmentRecord, StrategyRecord } from './model.ts';
import {
  applicationArn,
  described,
  environmentArn,
  nameFrom,
  newResourceId,
  pageOf,
  profileArn,
  type Store,
} from './store.ts';

/** Of an account, and of an application. https://docs.aws.amazon.com/general/latest/gr/appconfig.html */
const most = { applications: 100, strategies: 20, environments: 20 };
/** Minutes: a deployment and its baking take at most a day each. */
const longestMinutes = 1_440;

const applicationOf = ({ id, name, description }: ApplicationRecord) => ({
  Id: id,
  Name: name,
  Description: description,
});

const strategyOf = (record: StrategyRecord) => ({
  Id: record.id,
  Name: record.name,
  Description: record.description,
  DeploymentDurationInMinutes: record.minutes,
  GrowthType: record.growthType,
  GrowthFactor: record.growthFactor,
  FinalBakeTimeInMinutes: record.bakeMinutes,
  ReplicateTo: 'NONE' as const,
});

function minutesFrom(minutes: number, what: string): number {
  if (Number.isInteger(minutes) && minutes >= 0 && minutes <= longestMinutes) return minutes;
  throw badRequest(`${what} is 0 to ${longestMinutes} minutes, this is ${minutes}`);
}

function growthFrom(factor: number): number {
  if (factor >= 1 && factor <= 100) return factor;
  throw badRequest(`GrowthFactor is 1 to 100 percent, this is ${factor}`);
}

/** No alarms are on a laptop; that they are watched is not pretended. */
function refuseMonitors(monitors: readonly sdk.Monitor[] | undefined): void {
  if (monitors === undefined || monitors.length === 0) return;
  throw badRequest(
    `Alarms are CloudWatch's, which is not available on the laptop: ${monitors.map(({ AlarmArn }) => AlarmArn).join(', ')} cannot be watched; leave alarms out here, or set them where the platform runs on AWS`,
  );
}

/** Applications, environments and deployment strategies. */
export function resourceHandlers(store: Store): CommandHandlers {
  const { applications, environments, profiles, strategies } = store;

  function environmentOf(record: EnvironmentRecord) {
    const [newest] = store.deploymentsOf(record.id);
    const underway = newest?.state === 'DEPLOYING' || newest?.state === 'BAKING';
    const left = newest?.state === 'ROLLED_BACK' || newest?.state === 'REVERTED' ? newest.state : undefined;
    return {
      ApplicationId: record.applicationId,
      Id: record.id,
      Name: record.name,
      Description: record.description,
      State: underway ? ('DEPLOYING' as const) : (left ?? ('READY_FOR_DEPLOYMENT' as const)),
      Monitors: [],
    };
  }

  return {
    async CreateApplication(
      input: sdk.CreateApplicationCommandInput,
    ): Answer<sdk.CreateApplicationCommandOutput> {
      knownFields('AppConfig.CreateApplication', input, ['Name', 'Description', 'Tags']);
      const record = { id: newResourceId(), name: nameFrom(input.Name, 64), ...described(input) };
      if (applications.all().length >= most.applications)
        throw quotaExceeded(`An account has at most ${most.applications} applications`);
      await applications.put(record.id, record);
      return applicationOf(record);
    },
    async GetApplication(input: sdk.GetApplicationCommandInput): Answer<sdk.GetApplicationCommandOutput> {
      knownFields('AppConfig.GetApplication', input, ['ApplicationId']);
      return applicationOf(store.application(input.ApplicationId));
    },
    async ListApplications(
      input: sdk.ListApplicationsCommandInput,
    ): Answer<sdk.ListApplicationsCommandOutput> {
      knownFields('AppConfig.ListApplications', input, ['MaxResults', 'NextToken']);
      const { Items, ...next } = pageOf(applications.all(), ({ id }) => id, input);
      return { Items: Items.map(applicationOf), ...next };
    },
    async UpdateApplication(
      input: sdk.UpdateApplicationCommandInput,
    ): Answer<sdk.UpdateApplicationCommandOutput> {
      knownFields('AppConfig.UpdateApplication', input, ['ApplicationId', 'Name', 'Description']);
      const former = store.application(input.ApplicationId);
      const record = {
        ...former,
        ...(input.Name === undefined ? {} : { name: nameFrom(input.Name, 64) }),
        ...(input.Description === undefined ? {} : { description: input.Description }),
      };
      await applications.put(record.id, record);
      return applicationOf(record);
    },
    async DeleteApplication(
      input: sdk.DeleteApplicationCommandInput,
    ): Answer<sdk.DeleteApplicationCommandOutput> {
      knownFields('AppConfig.DeleteApplication', input, ['ApplicationId']);
      const { id, name } = store.application(input.ApplicationId);
      if ([...environments.all(), ...profiles.all()].some((one) => one.applicationId === id))
        throw badRequest(`The application ${name} has environments or profiles; delete those first`);
      await applications.remove(id);
      return {};
    },

    async CreateEnvironment(
      input: sdk.CreateEnvironmentCommandInput,
    ): Answer<sdk.CreateEnvironmentCommandOutput> {
      knownFields('AppConfig.CreateEnvironment', input, [
        'ApplicationId',
        'Name',
        'Description',
        'Monitors',
        'Tags',
      ]);
      refuseMonitors(input.Monitors);
      const { id: applicationId } = store.application(input.ApplicationId);
      const record = {
        id: newResourceId(),
        applicationId,
        name: nameFrom(input.Name, 64),
        ...described(input),
        lastDeployment: 0,
      };
      if (environments.all().filter((one) => one.applicationId === applicationId).length >= most.environments)
        throw quotaExceeded(`An application has at most ${most.environments} environments`);
      await environments.put(record.id, record);
      return environmentOf(record);
    },
    async GetEnvironment(input: sdk.GetEnvironmentCommandInput): Answer<sdk.GetEnvironmentCommandOutput> {
      knownFields('AppConfig.GetEnvironment', input, ['ApplicationId', 'EnvironmentId']);
      return environmentOf(store.environment(input.ApplicationId, input.EnvironmentId));
    },
    async ListEnvironments(
      input: sdk.ListEnvironmentsCommandInput,
    ): Answer<sdk.ListEnvironmentsCommandOutput> {
      knownFields('AppConfig.ListEnvironments', input, ['ApplicationId', 'MaxResults', 'NextToken']);
      const { id } = store.application(input.ApplicationId);
      const all = environments.all().filter((one) => one.applicationId === id);
      const { Items, ...next } = pageOf(all, (one) => one.id, input);
      return { Items: Items.map(environmentOf), ...next };
    },
    async UpdateEnvironment(
      input: sdk.UpdateEnvironmentCommandInput,
    ): Answer<sdk.UpdateEnvironmentCommandOutput> {
      knownFields('AppConfig.UpdateEnvironment', input, [
        'ApplicationId',
        'EnvironmentId',
        'Name',
        'Description',
        'Monitors',
      ]);
      refuseMonitors(input.Monitors);
      const record = {
        ...store.environment(input.ApplicationId, input.EnvironmentId),
        ...(input.Name === undefined ? {} : { name: nameFrom(input.Name, 64) }),
        ...(input.Description === undefined ? {} : { description: input.Description }),
      };
      await environments.put(record.id, record);
      return environmentOf(record);
    },
    async DeleteEnvironment(
      input: sdk.DeleteEnvironmentCommandInput,
    ): Answer<sdk.DeleteEnvironmentCommandOutput> {
      knownFields('AppConfig.DeleteEnvironment', input, [
        'ApplicationId',
        'EnvironmentId',
        'DeletionProtectionCheck',
      ]);
      const record = store.environment(input.ApplicationId, input.EnvironmentId);
      if (environmentOf(record).State === 'DEPLOYING')
        throw conflict(`A deployment is under way in the environment ${record.name}`);
      await Promise.all([
        environments.remove(record.id),
        ...store
          .deploymentsOf(record.id)
          .map((one) => store.deployments.remove(`${one.environmentId}-${one.number}`)),
      ]);
      return {};
    },

    async CreateDeploymentStrategy(
      input: sdk.CreateDeploymentStrategyCommandInput,
    ): Answer<sdk.CreateDeploymentStrategyCommandOutput> {
      knownFields('AppConfig.CreateDeploymentStrategy', input, [
        'Name',
        'Description',
        'DeploymentDurationInMinutes',
        'FinalBakeTimeInMinutes',
        'GrowthFactor',
        'GrowthType',
        'ReplicateTo',
        'Tags',
      ]);
      if (input.ReplicateTo === 'SSM_DOCUMENT')
        throw badRequest('No documents of Systems Manager are on the laptop: ReplicateTo is NONE');
      const record: StrategyRecord = {
        id: newResourceId(),
        name: nameFrom(input.Name, 64),
        ...described(input),
        minutes: minutesFrom(input.DeploymentDurationInMinutes ?? 0, 'DeploymentDurationInMinutes'),
        bakeMinutes: minutesFrom(input.FinalBakeTimeInMinutes ?? 0, 'FinalBakeTimeInMinutes'),
        growthFactor: growthFrom(input.GrowthFactor ?? Number.NaN),
        growthType: input.GrowthType ?? 'LINEAR',
      };
      if (strategies.all().length >= most.strategies)
        throw quotaExceeded(`An account has at most ${most.strategies} deployment strategies`);
      await strategies.put(record.id, record);
      return strategyOf(record);
    },
    async GetDeploymentStrategy(
      input: sdk.GetDeploymentStrategyCommandInput,
    ): Answer<sdk.GetDeploymentStrategyCommandOutput> {
      knownFields('AppConfig.GetDeploymentStrategy', input, ['DeploymentStrategyId']);
      return strategyOf(store.strategy(input.DeploymentStrategyId));
    },
    async ListDeploymentStrategies(
      input: sdk.ListDeploymentStrategiesCommandInput,
    ): Answer<sdk.ListDeploymentStrategiesCommandOutput> {
      knownFields('AppConfig.ListDeploymentStrategies', input, ['MaxResults', 'NextToken']);
      const { Items, ...next } = pageOf(
        [...predefinedStrategies, ...strategies.all()],
        ({ id }) => id,
        input,
      );
      return { Items: Items.map(strategyOf), ...next };
    },
    async UpdateDeploymentStrategy(
      input: sdk.UpdateDeploymentStrategyCommandInput,
    ): Answer<sdk.UpdateDeploymentStrategyCommandOutput> {
      knownFields('AppConfig.UpdateDeploymentStrategy', input, [
        'DeploymentStrategyId',
        'Description',
        'DeploymentDurationInMinutes',
        'FinalBakeTimeInMinutes',
        'GrowthFactor',
        'GrowthType',
      ]);
      const former = store.strategy(input.DeploymentStrategyId);
      if (former.id.startsWith('AppConfig.'))
        throw badRequest(`${former.id} is AWS's own and cannot be changed`);
      const record: StrategyRecord = {
        ...former,
        ...(input.Description === undefined ? {} : { description: input.Description }),
        minutes: minutesFrom(
          input.DeploymentDurationInMinutes ?? former.minutes,
          'DeploymentDurationInMinutes',
        ),
        bakeMinutes: minutesFrom(
          input.FinalBakeTimeInMinutes ?? former.bakeMinutes,
          'FinalBakeTimeInMinutes',
        ),
        growthFactor: growthFrom(input.GrowthFactor ?? former.growthFactor),
        growthType: input.GrowthType ?? former.growthType,
      };
      await strategies.put(record.id, record);
      return strategyOf(record);
    },
    async DeleteDeploymentStrategy(
      input: sdk.DeleteDeploymentStrategyCommandInput,
    ): Answer<sdk.DeleteDeploymentStrategyCommandOutput> {
      knownFields('AppConfig.DeleteDeploymentStrategy', input, ['DeploymentStrategyId']);
      const { id } = store.strategy(input.DeploymentStrategyId);
      if (id.startsWith('AppConfig.')) throw badRequest(`${id} is AWS's own and cannot be deleted`);
      await strategies.remove(id);
      return {};
    },

    async ListTagsForResource(
      input: sdk.ListTagsForResourceCommandInput,
    ): Answer<sdk.ListTagsForResourceCommandOutput> {
      knownFields('AppConfig.ListTagsForResource', input, ['ResourceArn']);
      const tagged = [
        ...applications.all().map((one) => ({ arn: applicationArn(one.id), tags: one.tags })),
        ...environments.all().map((one) => ({ arn: environmentArn(one), tags: one.tags })),
        ...profiles.all().map((one) => ({ arn: profileArn(one), tags: one.tags })),
      ].find(({ arn }) => arn === input.ResourceArn);
      if (tagged === undefined)
        throw badRequest(
          `${input.ResourceArn} is not the ARN of an application, environment or profile here`,
        );
      return { Tags: tagged.tags };
    },
  };
}
