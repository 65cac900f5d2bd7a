import {
  GetFunctionConfigurationCommand,
  GetProvisionedConcurrencyConfigCommand,
  InvokeCommand,
} from '@aws-sdk/client-lambda';
import { z } from 'zod';
import { lambda } from '#platform/clients.ts';
import { clock } from '#platform/clock.ts';
import { redactText } from '#platform/redact.ts';
import { ask, isNamed } from './ask.ts';
import type { LambdaAliasTarget } from './schemas.ts';
import type { Health, TargetActions } from './target.ts';

// The new version of a function before it has traffic: whether it is there, whether it is well, and calls to warm it.

export type AliasTarget = z.infer<typeof LambdaAliasTarget>;

/** What a deployment keeps of the versions behind an alias. */
export const AliasMade = z.strictObject({
  blue: z.string(),
  green: z.string(),
  /** Whether this deployment published green. */
  published: z.boolean(),
});

/** Invocations at once when warming up, each of which starts a sandbox of its own. */
const warmedAtOnce = 10;

/** The configuration of one version. Throws TargetRefused when there is none. */
export const configuration = (target: AliasTarget, version: string, signal: AbortSignal) =>
  ask(`GetFunctionConfiguration of ${target.functionName}:${version}`, () =>
    lambda().send(
      new GetFunctionConfigurationCommand({ FunctionName: target.functionName, Qualifier: version }),
      { abortSignal: signal },
    ),
  );

const invoke = ({ functionName, testEvent }: AliasTarget, version: string, signal: AbortSignal) =>
  lambda().send(
    new InvokeCommand({
      FunctionName: functionName,
      Qualifier: version,
      Payload: Buffer.from(JSON.stringify(testEvent)),
    }),
    { abortSignal: signal },
  );

/** Calls green with the test event, so that the first users do not wait for its start. */
export const warmUp: TargetActions<AliasTarget>['warmUp'] = async ({ target }, given, requests, signal) => {
  if (target.testEvent === undefined) return;
  const { green } = AliasMade.parse(given);
  for (let sent = 0; sent < requests && !signal.aborted; sent += warmedAtOnce) {
    const batch = Array.from({ length: Math.min(warmedAtOnce, requests - sent) }, () =>
      invoke(target, green, signal),
    );
    await Promise.allSettled(batch);
  }
};

const Answer = z.looseObject({ statusCode: z.int() });
const Failure = z.looseObject({ errorType: z.string(), errorMessage: z.string().default('') });

function read<T extends z.ZodType>(schema: T, text: string): z.output<T> | undefined {
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined; // not JSON
  }
}

/** Invokes green with the test event: well when it answers, and not with a status of 400 or more where it has one. */
async function tryOut(target: AliasTarget, green: string, signal: AbortSignal): Promise<Health> {
  const endpoint = `${target.functionName}:${green}`;
  const started = clock.monotonic();
  const answer = await ask(`Invoke of ${endpoint}`, () => invoke(target, green, signal));
  const text = Buffer.from(answer.Payload ?? []).toString('utf8');
  const took = `${Math.round(clock.monotonic() - started)} ms`;
  if (answer.FunctionError !== undefined) {
    const failure = read(Failure, text);
    const said = failure === undefined ? text : `${failure.errorType}: ${failure.errorMessage}`;
    return { endpoint, healthy: false, detail: redactText(said).slice(0, 300) };
  }
  const status = read(Answer, text)?.statusCode;
  if (status === undefined) return { endpoint, healthy: true, detail: `answered in ${took}` };
  return { endpoint, healthy: status < 400, detail: `status ${status} in ${took}` };
}

/** Provisioned concurrency of green that is not there yet; undefined when it is ready or none was asked for. */
async function provisioning(
  target: AliasTarget,
  green: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const config = await lambda().send(
      new GetProvisionedConcurrencyConfigCommand({ FunctionName: target.functionName, Qualifier: green }),
      { abortSignal: signal },
    );
    if (config.Status === 'READY') return undefined;
    const {
      AvailableProvisionedConcurrentExecutions: there = 0,
      RequestedProvisionedConcurrentExecutions: asked = 0,
    } = config;
    return `provisioned concurrency ${config.Status}, ${there} of ${asked}${config.StatusReason ? `: ${config.StatusReason}` : ''}`;
  } catch (error) {
    if (isNamed(error, 'ProvisionedConcurrencyConfigNotFoundException')) return undefined;
    throw error;
  }
}

/** Whether green is active, has the concurrency it was promised, and answers the test event. */
export const checkHealth: TargetActions<AliasTarget>['checkHealth'] = async ({ target }, given, signal) => {
  const { green } = AliasMade.parse(given);
  const endpoint = `${target.functionName}:${green}`;
  const { State = 'Active', StateReason } = await configuration(target, green, signal);
  // A version that was idle for weeks is brought back by the next call.
  if (State !== 'Active' && State !== 'Inactive') {
    return [{ endpoint, healthy: false, detail: `${State}${StateReason ? `: ${StateReason}` : ''}` }];
  }
  const waiting = await ask(`GetProvisionedConcurrencyConfig of ${endpoint}`, () =>
    provisioning(target, green, signal),
  );
  if (waiting !== undefined) return [{ endpoint, healthy: false, detail: waiting }];
  if (target.testEvent === undefined)
    return [{ endpoint, healthy: true, detail: `${State}; no test event was given` }];
  return [await tryOut(target, green, signal)];
};
