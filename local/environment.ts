import type { Capability } from './capability.ts';
import { functionName } from './capability.ts';
import { functionArn } from './lambda/arn.ts';
import { REGION, ROLE_ARN } from './step-functions/arns.ts';

export const artifactsBucket = 'theseus-artifacts';
export const eventBusName = 'theseus';

const upper = (name: string) => name.toUpperCase().replaceAll('-', '_');
/** Where one capability finds a function of another: `GATEWAY_SHIFT_TRAFFIC_FUNCTION`. */
const functionVariable = (capability: Capability, name: string) =>
  `${upper(capability.name)}_${upper(name)}_FUNCTION`;
const stateMachineVariable = (name: string) => `${upper(name)}_STATE_MACHINE_ARN`;

/**
 * What every function of the laptop finds in its environment. `versionArn` gives the published version of a
 * state machine that new executions start from.
 */
export function functionEnvironment(
  capabilities: readonly Capability[],
  dynamodbEndpoint: string,
  versionArn: (stateMachine: string) => string,
): Record<string, string> {
  const variables: Record<string, string> = {
    THESEUS_ENVIRONMENT: 'local',
    AWS_REGION: REGION,
    // The SDK signs what it sends; only the local DynamoDB ever sees this, and nothing leaves the machine.
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_ENDPOINT_URL_DYNAMODB: dynamodbEndpoint,
    ARTIFACTS_BUCKET: artifactsBucket,
    LOGIN_SECRETS: 'theseus/logins/',
    WEBHOOK_SECRETS: 'theseus/webhooks/',
    METRIC_SECRETS: 'theseus/metrics/',
    EVENT_BUS_NAME: eventBusName,
    SCHEDULER_ROLE_ARN: ROLE_ARN,
    SCHEDULE_GROUP: 'theseus',
    POWERTOOLS_METRICS_DISABLED: 'true',
    POWERTOOLS_TRACE_ENABLED: 'false',
  };
  for (const capability of capabilities) {
    for (const { variable, definition } of capability.tables) variables[variable] = definition.TableName;
    for (const name of Object.keys(capability.stateMachines))
      variables[stateMachineVariable(name)] = versionArn(name);
    for (const name of Object.keys(capability.functions))
      variables[functionVariable(capability, name)] = functionArn(functionName(capability, name));
    const addresses = {
      functionArn: (shortName: string) => functionArn(functionName(capability, shortName)),
      stateMachineArn: versionArn,
      roleArn: ROLE_ARN,
    };
    Object.assign(variables, capability.environment(addresses));
  }
  return variables;
}

/** What a person's own AWS setup would put in the way: the SDK prefers a profile to the keys above. */
const inTheWay = ['AWS_PROFILE', 'AWS_SESSION_TOKEN', 'AWS_ENDPOINT_URL'];

/** Sets variables of this process; the returned function puts the former ones back. */
export function setEnvironment(variables: Record<string, string>): () => void {
  const former = [...inTheWay, ...Object.keys(variables)].map((name) => [name, process.env[name]] as const);
  for (const name of inTheWay) delete process.env[name];
  Object.assign(process.env, variables);
  return () => {
    for (const [name, value] of former) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  };
}
