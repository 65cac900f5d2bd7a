import {
  type InvokeCommandInput,
  type InvokeCommandOutput,
  type LambdaClient,
  LambdaServiceException,
  ResourceNotFoundException,
} from '@aws-sdk/client-lambda';
import { attach, type CommandHandlers } from '../attach.ts';
import type { Credentials } from '../sts/sts.ts';
import { functionArn, parseFunctionName } from './arn.ts';
import type { Lambda } from './runtime.ts';

function jsonOf(payload: InvokeCommandInput['Payload']): unknown {
  if (payload === undefined) return {};
  if (typeof payload === 'string') return JSON.parse(payload);
  if (payload instanceof Uint8Array) return JSON.parse(Buffer.from(payload).toString('utf8'));
  throw new Error('Lambda.Invoke takes its Payload as text or bytes here');
}

/** Who calls, and why that one may not invoke a function of this name; undefined when it may. */
export interface Permissions {
  roleOf(credentials: Credentials): string | undefined;
  refusal(roleArn: string | undefined, functionName: string): string | undefined;
}

const denied = (message: string) =>
  new LambdaServiceException({ name: 'AccessDeniedException', message, $fault: 'client', $metadata: {} });

/**
 * Answers the SDK's Invoke (RequestResponse, Event, DryRun) by the local functions, for credentials that may, and
 * `further` calls (of versions and aliases) for those of no role. Returns the detacher.
 */
export function attachLambda(
  client: LambdaClient,
  lambda: Lambda,
  permissions: Permissions,
  further: CommandHandlers = {},
): () => void {
  /** A connector's role invokes its functions and may nothing else. */
  function ofNoRole([name, handler]: [string, CommandHandlers[string]]): [string, CommandHandlers[string]] {
    return [
      name,
      async (input) => {
        const roleArn = permissions.roleOf(await client.config.credentials());
        if (roleArn !== undefined)
          throw denied(`User: ${roleArn} is not authorized to perform: lambda:${name}`);
        return handler(input);
      },
    ];
  }

  async function invoke(input: InvokeCommandInput): Promise<Omit<InvokeCommandOutput, '$metadata'>> {
    const given = parseFunctionName(input.FunctionName ?? '');
    const qualifier = input.Qualifier ?? given.version;
    const name = `${given.name}:${qualifier}`;
    const roleArn = permissions.roleOf(await client.config.credentials());
    // As in the cloud, who may not invoke a function does not learn whether it exists.
    const refusal = permissions.refusal(roleArn, given.name);
    if (refusal !== undefined) throw denied(refusal);
    if (!(await lambda.has(name))) {
      const shown = functionArn(given.name) + (qualifier === '$LATEST' ? '' : `:${qualifier}`);
      throw new ResourceNotFoundException({ message: `Function not found: ${shown}`, $metadata: {} });
    }
    if (input.InvocationType === 'DryRun') return { StatusCode: 204 };
    const running = lambda.invoke(name, jsonOf(input.Payload), { roleArn });
    if (input.InvocationType === 'Event') return { StatusCode: 202 };
    const { version, ...answer } = await running;
    const failed = 'errorType' in answer;
    const payload = Buffer.from(JSON.stringify(failed ? answer : answer.payload));
    return {
      StatusCode: 200,
      ExecutedVersion: version,
      // The SDK's payload is bytes with a text reader; its name for that type is not exported.
      Payload: Object.assign(new Uint8Array(payload), {
        transformToString: () => payload.toString('utf8'),
      }) as unknown as NonNullable<InvokeCommandOutput['Payload']>,
      ...(failed ? { FunctionError: 'Unhandled' } : {}),
    };
  }
  return attach(client, 'Lambda', {
    ...Object.fromEntries(Object.entries(further).map(ofNoRole)),
    Invoke: invoke,
  });
}
