import { PutEventsCommand, type PutEventsCommandInput } from '@aws-sdk/client-eventbridge';
import { InvokeCommand, type InvokeCommandOutput } from '@aws-sdk/client-lambda';
import { CreateScheduleCommand, type CreateScheduleCommandInput } from '@aws-sdk/client-scheduler';
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
} from '@aws-sdk/client-secrets-manager';
import {
  DescribeExecutionCommand,
  SendTaskFailureCommand,
  SendTaskSuccessCommand,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import { REGION } from '#local/step-functions/arns.ts';
import { eventBridge, lambdaAs, scheduler, secretsManager, stepFunctions } from '#platform/clients.ts';
import type { Understood, WireAnswer, WireRequest, WireRole } from './wire.ts';

/** The SDK at the other end has typed the input; here it is what its JSON says. */
type Send = (input: never) => Promise<object>;

/** Everything the product calls in these services. A further call fails by its name until it stands here. */
const commands: Record<string, Send> = {
  StartExecution: (input) => stepFunctions().send(new StartExecutionCommand(input)),
  DescribeExecution: (input) => stepFunctions().send(new DescribeExecutionCommand(input)),
  SendTaskSuccess: (input) => stepFunctions().send(new SendTaskSuccessCommand(input)),
  SendTaskFailure: (input) => stepFunctions().send(new SendTaskFailureCommand(input)),
  GetSecretValue: (input) => secretsManager().send(new GetSecretValueCommand(input)),
  CreateSecret: (input) => secretsManager().send(new CreateSecretCommand(input)),
  PutSecretValue: (input) => secretsManager().send(new PutSecretValueCommand(input)),
  DeleteSecret: (input) => secretsManager().send(new DeleteSecretCommand(input)),
  PutEvents: ({ Entries, ...rest }: PutEventsCommandInput) => {
    // Times travel as epoch seconds.
    const entries = Entries?.map((entry) => ({ ...entry, Time: new Date(Number(entry.Time) * 1_000) }));
    return eventBridge().send(new PutEventsCommand({ ...rest, Entries: entries }));
  },
};

/** Times leave as epoch seconds, and what is the SDK's own stays here. */
function wireText(output: object): string {
  return JSON.stringify(output, function (this: Record<string, unknown>, key, value) {
    if (key === '$metadata') return undefined;
    const original = this[key];
    return original instanceof Date ? original.getTime() / 1_000 : value;
  });
}

/** AWS's protocols that carry JSON: one path with the command in a header, or a path for each command. */
export function jsonService(request: WireRequest, role: WireRole | undefined): Understood {
  const { url, body, headers } = request;
  const asked = body.length === 0 ? {} : JSON.parse(body.toString('utf8'));
  const invoked = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/.exec(url.pathname)?.[1];
  if (invoked !== undefined) return invoke(decodeURIComponent(invoked), request, role);
  const scheduled = /^\/schedules\/([^/]+)$/.exec(url.pathname)?.[1];
  if (scheduled !== undefined && request.method === 'POST') {
    const input: CreateScheduleCommandInput = { ...asked, Name: decodeURIComponent(scheduled) };
    return inJson('CreateSchedule', input, () => scheduler().send(new CreateScheduleCommand(input)));
  }
  const command = String(headers['x-amz-target']).split('.').at(-1) ?? '';
  const send = commands[command];
  return inJson(command, asked, async () => {
    if (send === undefined)
      throw new Error(`No answer is written for ${request.method} ${url.pathname} ${command}`);
    return send(asked as never); // the command's name says which input this is
  });
}

const refusal = ({ name, message, status }: Error & { status: number }): WireAnswer => ({
  status,
  headers: { 'x-amzn-errortype': name },
  body: JSON.stringify({ __type: name, message }),
});

const inJson = (command: string, input: object, send: () => Promise<object>): Understood => ({
  command,
  input: { ...input },
  send,
  answer: (output) => ({ status: 200, body: wireText(output) }),
  failure: refusal,
});

/** The product invokes with the role of a connector only. */
function invoke(FunctionName: string, { body }: WireRequest, role: WireRole | undefined): Understood {
  return {
    command: 'Invoke',
    input: { FunctionName },
    async send() {
      if (role === undefined) throw new Error(`${FunctionName} was invoked without a role`);
      const client = await lambdaAs({ ...role, region: REGION }, 'wire');
      return client.send(new InvokeCommand({ FunctionName, Payload: body }));
    },
    answer(output) {
      const { Payload, FunctionError } = output as InvokeCommandOutput; // of the line above
      return {
        status: 200,
        headers: FunctionError === undefined ? {} : { 'x-amz-function-error': FunctionError },
        body: Payload?.transformToString() ?? '',
      };
    },
    failure: refusal,
  };
}
