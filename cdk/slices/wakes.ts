import { Stack } from 'aws-cdk-lib';
import { PolicyDocument, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnScheduleGroup } from 'aws-cdk-lib/aws-scheduler';
import type { Construct } from 'constructs';
import { functionArn, liveAlias } from '../constructs/names.ts';
import { allow } from '../constructs/statements.ts';

export interface Wakes {
  schedulerRoleArn: string;
  scheduleGroup: string;
  /** Of the alias, so that a schedule made years ago calls what is deployed by then. */
  functionArn: string;
}

/** A group for one-time schedules that call one function, and the role that lets them; `name` is the function's. */
export function wakesOf(scope: Construct, name: string): Wakes {
  const arn = `${functionArn(scope, name)}:${liveAlias}`;
  const group = new CfnScheduleGroup(scope, 'Wakes', { name });
  const role = new Role(scope, 'WakesRole', {
    description: `Lets schedules call ${name}`,
    assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
      conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(scope).account } },
    }),
    inlinePolicies: {
      rights: new PolicyDocument({
        statements: [allow('Wake', { actions: ['lambda:InvokeFunction'], resources: [arn] })],
      }),
    },
  });
  return { schedulerRoleArn: role.roleArn, scheduleGroup: group.name ?? name, functionArn: arn };
}
