import { InvokeCommand, type LambdaClient, LambdaServiceException } from '@aws-sdk/client-lambda';
import { STSServiceException } from '@aws-sdk/client-sts';
import { lambdaAs } from '#platform/clients.ts';
import { type FieldProblem, ServiceUnavailable, type TheseusError } from '#platform/errors.ts';
import { ConnectorRefused } from '../errors.ts';
import { connectorFunctions } from '../functions.ts';
import type { ConnectorRecord } from '../records.ts';

/** The parts of a connector that a call needs, registered already or not yet. */
export type Reachable = Pick<ConnectorRecord, 'name' | 'region' | 'roleArn' | 'externalId' | 'functions'>;

/** Functions that are looked for at the same time. */
const lookedAtOnce = 5;
const lookMs = 5_000;

/** Lambda with the connector's role. Throws ConnectorRefused when it may not be assumed, ServiceUnavailable. */
export async function connectorClient(connector: Reachable, requestId: string): Promise<LambdaClient> {
  try {
    return await lambdaAs(connector, requestId);
  } catch (error) {
    if (!(error instanceof STSServiceException)) throw unavailable(connector, error);
    if (error.$fault === 'server') throw unavailable(connector, error);
    throw new ConnectorRefused(`The role of connector ${connector.name} may not be assumed: ${error.name}`, {
      problems: [{ pointer: '/body/roleArn', detail: `${error.name}: ${error.message}` }],
      evidence: { connector: connector.name, roleArn: connector.roleArn },
      action:
        "Compare role and external id with the outputs of the connector's stack, and see that its account is among the environment's connectorAccounts.",
      cause: error,
    });
  }
}

const unavailable = ({ name, roleArn }: Reachable, cause: unknown): ServiceUnavailable =>
  new ServiceUnavailable(`The role of connector ${name} could not be assumed now`, {
    evidence: { connector: name, roleArn },
    action: 'Repeat the request.',
    cause,
  });

/** What is wrong with a function, when it is the connector's fault. */
function problemOf(error: LambdaServiceException): string | undefined {
  if (error.name === 'ResourceNotFoundException') return 'There is no such version of a function';
  if (error.$fault === 'server' || error.name === 'TooManyRequestsException') return undefined;
  return `The role may not invoke it: ${error.name}`;
}

/** The error for a caller of the API of what Lambda refused an invocation with. */
export function refusalOf(error: LambdaServiceException, connector: Reachable, task: string): TheseusError {
  const detail = problemOf(error);
  const evidence = { connector: connector.name, task, functionArn: connector.functions[task] };
  if (detail === undefined) {
    return new ServiceUnavailable(
      `The connector ${connector.name} takes no further call now: ${error.name}`,
      {
        evidence,
        action: 'Repeat the request.',
        cause: error,
      },
    );
  }
  return new ConnectorRefused(`The connector ${connector.name} cannot be used for ${task}: ${detail}`, {
    problems: [{ pointer: `/body/functions/${task}`, detail }],
    evidence,
    action: `Deploy the stack of the connector, then: theseus connector update ${connector.name} --file <outputs.json>`,
    cause: error,
  });
}

/**
 * Assumes the role and asks of every function whether the role may invoke it, without running any. Throws
 * ConnectorRefused with a problem for each that fails, ServiceUnavailable.
 */
export async function checkConnector(connector: Reachable, requestId: string): Promise<void> {
  const client = await connectorClient(connector, requestId);
  const left = [...connectorFunctions];
  const problems: FieldProblem[] = [];
  async function look(): Promise<void> {
    for (let task = left.shift(); task !== undefined; task = left.shift()) {
      const dryRun = new InvokeCommand({
        FunctionName: connector.functions[task] ?? '',
        InvocationType: 'DryRun',
      });
      try {
        await client.send(dryRun, { abortSignal: AbortSignal.timeout(lookMs) });
      } catch (error) {
        if (!(error instanceof LambdaServiceException)) throw unavailable(connector, error);
        const detail = problemOf(error);
        if (detail === undefined) throw refusalOf(error, connector, task);
        problems.push({ pointer: `/body/functions/${task}`, detail });
      }
    }
  }
  await Promise.all(Array.from({ length: lookedAtOnce }, look));
  if (problems.length === 0) return;
  problems.sort((a, b) => (a.pointer < b.pointer ? -1 : 1));
  throw new ConnectorRefused(
    `${problems.length} of ${connectorFunctions.length} functions of connector ${connector.name} cannot be invoked`,
    {
      problems,
      evidence: { connector: connector.name, roleArn: connector.roleArn },
      action: "Send what the output Registration of the connector's stack says now.",
    },
  );
}
