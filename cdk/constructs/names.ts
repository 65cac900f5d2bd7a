import { ArnFormat, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

/**
 * Names are fixed rather than generated where two resources need each other: a function is given the ARN of
 * a state machine whose definition holds the ARN of the function.
 */
export function stateMachineArn(scope: Construct, prefix: string, machine: string, account?: string): string {
  return Stack.of(scope).formatArn({
    ...(account === undefined ? {} : { account }),
    service: 'states',
    resource: 'stateMachine',
    resourceName: `${prefix}-${machine}`,
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });
}

/** The alias that every execution starts from; it points to the newest published version. */
export const liveAlias = 'live';

export function liveStateMachineArn(scope: Construct, prefix: string, machine: string): string {
  return `${stateMachineArn(scope, prefix, machine)}:${liveAlias}`;
}

export function functionArn(scope: Construct, functionName: string): string {
  return Stack.of(scope).formatArn({
    service: 'lambda',
    resource: 'function',
    resourceName: functionName,
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });
}

/** `request-approval` → `RequestApproval` */
export function pascalCase(name: string): string {
  return name.replaceAll(/(?:^|-)([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** Roles are known to each other by path, since their names are generated: one path for each party of the trust. */
export const connectorPath = (prefix: string): string => `/${prefix}-connector/`;
export const workflowPath = (prefix: string): string => `/${prefix}-workflow/`;
export const apiPath = (prefix: string): string => `/${prefix}-api/`;

/** The roles below a path, for policies: `arn:…:role/<path>/*`. */
export function rolesBelow(scope: Construct, account: string, path: string): string {
  return Stack.of(scope).formatArn({
    service: 'iam',
    region: '',
    account,
    resource: 'role',
    resourceName: `${path.slice(1)}*`,
  });
}

/** Begins the names of the secrets of login roles, which Theseus makes and deletes itself. */
export const loginSecrets = (prefix: string): string => `${prefix}/logins/`;

/** Begins the names of the secrets of webhooks and Slack. */
export const webhookSecrets = (prefix: string): string => `${prefix}/webhooks/`;

/** The one secret with which gates of deployments are asked. */
export const gateSecret = (prefix: string): string => `${prefix}/deployments/gates`;

/** By which environments believe each other's promotions; an operator puts the same text into each. */
export const promotionSecret = (prefix: string): string => `${prefix}/deployments/promotions`;

/** Begins the names of the secrets with which figures for the judge are asked for. */
export const metricSecrets = (prefix: string): string => `${prefix}/metrics/`;

/** The secrets of the stack's account and Region whose names begin so, as one ARN pattern. */
export function secretArns(scope: Construct, beginning: string): string {
  return Stack.of(scope).formatArn({
    service: 'secretsmanager',
    resource: 'secret',
    resourceName: `${beginning}*`,
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });
}
