import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { CfnApplication, CfnDeploymentStrategy, CfnExtensionAssociation } from 'aws-cdk-lib/aws-appconfig';
import { PolicyDocument, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { Alias } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { pascalCase } from './names.ts';
import { allow, explainWildcards } from './statements.ts';

/** How a capability deploys configuration, as the laptop declares it, too (see local/capability.ts). */
export interface ConfigurationApplicationProps {
  /** Begins the names of its strategies, for example `theseus-production-flags`. */
  name: string;
  description: string;
  /** Each with the variable that tells functions its id; times in minutes, growth in percent. */
  strategies: readonly {
    variable: string;
    name: string;
    minutes: number;
    growthType: 'LINEAR' | 'EXPONENTIAL';
    growthFactor: number;
    bakeMinutes: number;
  }[];
}

export interface ConfigurationApplication {
  id: string;
  arn: string;
  /** With which AppConfig looks at alarms while it deploys. */
  alarmRoleArn: string;
  /** Ids of strategies by their variables. */
  strategies: Record<string, string>;
}

/** AWS's own extension: word of the start, the end and the rollback of deployments on the default event bus. */
const eventBridgeExtension = 'AWS.AppConfig.DeploymentNotificationsToEventBridge';

/**
 * An application of AppConfig with its deployment strategies. Its environments and profiles are made by the functions,
 * when somebody wants one; they keep it from being deleted, so it outlives the stack.
 */
export function configurationApplication(
  scope: Construct,
  { name, description, strategies }: ConfigurationApplicationProps,
): ConfigurationApplication {
  const stack = Stack.of(scope);
  const application = new CfnApplication(scope, 'Application', { name, description });
  application.applyRemovalPolicy(RemovalPolicy.RETAIN);
  const arn = stack.formatArn({
    service: 'appconfig',
    resource: 'application',
    resourceName: application.ref,
  });
  new CfnExtensionAssociation(scope, 'DeploymentEvents', {
    extensionIdentifier: eventBridgeExtension,
    resourceIdentifier: arn,
  });
  const statements = [allow('ReadAlarms', { actions: ['cloudwatch:DescribeAlarms'], resources: ['*'] })];
  const alarmRole = new Role(scope, 'AlarmRole', {
    description: `Lets AppConfig look at alarms while it deploys ${name}`,
    // AppConfig does not document that it says for whom it asks, here and below; neither lets anything be changed.
    assumedBy: new ServicePrincipal('appconfig.amazonaws.com'),
    inlinePolicies: { rights: new PolicyDocument({ statements }) },
  });
  explainWildcards(alarmRole, statements);
  return {
    id: application.ref,
    arn,
    alarmRoleArn: alarmRole.roleArn,
    strategies: Object.fromEntries(
      strategies.map(({ variable, name: strategy, minutes, growthType, growthFactor, bakeMinutes }) => [
        variable,
        new CfnDeploymentStrategy(scope, `${pascalCase(strategy)}Strategy`, {
          name: `${name}-${strategy}`,
          deploymentDurationInMinutes: minutes,
          growthType,
          growthFactor,
          finalBakeTimeInMinutes: bakeMinutes,
          replicateTo: 'NONE',
        }).ref,
      ]),
    ),
  };
}

/** Lets AppConfig ask a function whether what is to be deployed is valid. */
export function letAppConfigAsk(validator: Alias): void {
  validator.addPermission('Validate', { principal: new ServicePrincipal('appconfig.amazonaws.com') });
}
