import type { Capability } from './capability.ts';
import { functionName } from './capability.ts';
import { functionArn } from './lambda/arn.ts';
import type { ConnectorRole } from './lambda/roles.ts';
import type { LocalFunction } from './lambda/runtime.ts';
import { REGION, ROLE_ARN } from './step-functions/arns.ts';

/** A connector besides the default one, as if its stack had been deployed in another account. */
export interface LocalConnector {
  name: string;
  /** Twelve digits. */
  account: string;
  externalId: string;
}

/** The external id of the laptop's own connector. */
export const ownExternalId = 'theseus-local';

/** What the stack of a connector deploys: the data plane of every capability under names of its own, and its role. */
export function deployConnector(connector: LocalConnector, capabilities: readonly Capability[]) {
  const { name, account, externalId } = connector;
  const tasks = capabilities.flatMap(({ functions, dataPlane }) =>
    Object.entries(dataPlane).flatMap(([key, task]) => {
      const definition = functions[task];
      return definition === undefined ? [] : [{ key, name: `connector-${name}-${task}`, definition }];
    }),
  );
  const role: ConnectorRole = {
    arn: `arn:aws:iam::${account}:role/theseus-local-connector/${name}`,
    externalId,
    functions: tasks.map((task) => task.name),
  };
  return {
    functions: Object.fromEntries(tasks.map((task): [string, LocalFunction] => [task.name, task.definition])),
    role,
    /** As its output `Registration` says it. */
    registration: {
      name,
      region: REGION,
      roleArn: role.arn,
      externalId,
      functions: Object.fromEntries(tasks.map((task) => [task.key, `${functionArn(task.name, account)}:1`])),
    },
  };
}

/** The role of the laptop's own connector, unless a test deploys it from a template. */
export const localRole = { arn: ROLE_ARN, externalId: ownExternalId };

/** It may invoke the data plane of every capability. */
export const ownRole = (
  { arn, externalId }: Pick<ConnectorRole, 'arn' | 'externalId'>,
  capabilities: readonly Capability[],
): ConnectorRole => ({
  arn,
  externalId,
  functions: capabilities.flatMap((one) =>
    Object.values(one.dataPlane).map((task) => functionName(one, task)),
  ),
});
