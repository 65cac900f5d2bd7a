import {
  type AliasConfiguration,
  DeleteFunctionCommand,
  GetAliasCommand,
  GetFunctionConfigurationCommand,
  GetProvisionedConcurrencyConfigCommand,
  InvokeCommand,
  PublishVersionCommand,
  UpdateAliasCommand,
} from '@aws-sdk/client-lambda';
import { z } from 'zod';
import { lambda } from '#platform/clients.ts';
import { clock } from '#platform/clock.ts';
import { redactText } from '#platform/redact.ts';
import { AliasChanged, TargetRefused, TargetUnavailable } from '../errors.ts';
import {
  type AliasRoute,
  heldDescription,
  holderOf,
  percentOf,
  routeInput,
  routeInWords,
  routeOf,
  sameRoute,
  splitRoute,
  versionsIn,
  withoutGreen,
} from './alias-route.ts';
import { ask, isNamed } from './ask.ts';
import type { LambdaAliasTarget } from './schemas.ts';
import type { Health, Made, Subject, TargetActions } from './target.ts';

type AliasTarget = z.infer<typeof LambdaAliasTarget>;
type AliasSubject = Subject<AliasTarget>;

const AliasMade = z.strictObject({
  blue: z.string(),
  green: z.string(),
  /** Whether this deployment published green. */
  published: z.boolean(),
});

/** How often an alias that others change at the same moment is read again. */
const mostReadings = 3;
/** Invocations at once when warming up, each of which starts a sandbox of its own. */
const warmedAtOnce = 10;

const aliasName = ({ functionName, alias }: AliasTarget) => `${functionName}:${alias}`;

const readAlias = (target: AliasTarget, signal?: AbortSignal): Promise<AliasConfiguration> =>
  ask(`GetAlias of ${aliasName(target)}`, () =>
    lambda().send(new GetAliasCommand({ FunctionName: target.functionName, Name: target.alias }), {
      ...(signal === undefined ? {} : { abortSignal: signal }),
    }),
  );

/** Refuses an alias that another deployment holds, or that a later shift of this one has changed. */
function checkHolder({ target, deployment }: AliasSubject, alias: AliasConfiguration, order: number): void {
  const holder = holderOf(alias.Description);
  if (holder === null || (holder.deployment === deployment && holder.order <= order)) return;
  const evidence = { alias: aliasName(target), expected: { deployment, order }, found: holder };
  if (holder.deployment === deployment) {
    throw new AliasChanged(`Shift ${order} of ${aliasName(target)} comes after shift ${holder.order}`, {
      evidence,
      action: 'Nothing: the later shift holds.',
    });
  }
  throw new AliasChanged(`The alias ${aliasName(target)} is held by the deployment ${holder.deployment}`, {
    evidence,
    action: `Let that one end, or take [theseus ${holder.deployment} ${holder.order}] from the alias's description if it is no more.`,
  });
}

async function createGreen(subject: AliasSubject, signal: AbortSignal) {
  const { target } = subject;
  const alias = await readAlias(target, signal);
  checkHolder(subject, alias, Number.MAX_SAFE_INTEGER);
  const route = routeOf(alias);
  const evidence = { alias: aliasName(target), found: routeInWords(route) };
  if (route.second !== null) {
    throw new TargetRefused(`The alias ${aliasName(target)} splits traffic already: ${routeInWords(route)}`, {
      evidence,
      action: 'Finish what splits it, or set the alias to one version, then start again.',
    });
  }
  if (route.main === '$LATEST') {
    throw new TargetRefused(
      `The alias ${aliasName(target)} points to $LATEST, beside which Lambda allows no weights`,
      {
        evidence,
        action: 'Publish a version and set the alias to it, then start again.',
      },
    );
  }
  const published = target.version === undefined;
  const green = target.version ?? (await publish(subject, signal));
  if (green === route.main) {
    throw new TargetRefused(`The alias ${aliasName(target)} points to version ${green} already`, {
      evidence: { ...evidence, green },
      action: published
        ? 'Upload the new code first: $LATEST has not changed since the last version was published.'
        : 'Name another version.',
    });
  }
  await configuration(target, green, signal);
  return { blue: route.main, green, made: { blue: route.main, green, published } };
}

/** The number of $LATEST, published. Lambda answers the same number again while the code has not changed. */
async function publish({ target, deployment }: AliasSubject, signal: AbortSignal): Promise<string> {
  const { Version } = await ask(`PublishVersion of ${target.functionName}`, () =>
    lambda().send(
      new PublishVersionCommand({ FunctionName: target.functionName, Description: `Theseus ${deployment}` }),
      { abortSignal: signal },
    ),
  );
  if (Version !== undefined) return Version;
  throw new TargetUnavailable(`PublishVersion of ${target.functionName} answered no version`);
}

const configuration = (target: AliasTarget, version: string, signal: AbortSignal) =>
  ask(`GetFunctionConfiguration of ${target.functionName}:${version}`, () =>
    lambda().send(
      new GetFunctionConfigurationCommand({ FunctionName: target.functionName, Qualifier: version }),
      { abortSignal: signal },
    ),
  );

async function split({ target }: AliasSubject, made: Made) {
  const { green } = AliasMade.parse(made);
  return { percent: percentOf(routeOf(await readAlias(target)), green), canaries: [] };
}

/** The route that a shift asks for, from the one that is there. Throws AliasChanged when others' versions are in it. */
function wantedRoute(
  target: AliasTarget,
  made: z.infer<typeof AliasMade>,
  found: AliasRoute,
  percent: number,
) {
  const { blue, green } = made;
  // The way back takes green out and leaves alone what others did: it must not wait for anybody.
  if (percent === 0) return withoutGreen(found, blue, green);
  if (versionsIn(found).every((version) => version === blue || version === green)) {
    return splitRoute(blue, green, percent);
  }
  throw new AliasChanged(
    `Somebody else changed the alias ${aliasName(target)}: expected versions ${blue} and ${green}, found ${routeInWords(found)}`,
    {
      evidence: { alias: aliasName(target), expected: [blue, green], found: routeInWords(found) },
      action: 'Find out who changes it. The deployment takes its version out again and ends.',
    },
  );
}

/** Writes from the revision that was read, so that nobody's change in between is lost; false when there was one. */
async function update(
  target: AliasTarget,
  alias: AliasConfiguration,
  route: AliasRoute,
  description: string,
) {
  try {
    await lambda().send(
      new UpdateAliasCommand({
        FunctionName: target.functionName,
        Name: target.alias,
        RevisionId: alias.RevisionId,
        Description: description,
        ...routeInput(route),
      }),
    );
    return true;
  } catch (error) {
    if (isNamed(error, 'PreconditionFailedException')) return false;
    throw error;
  }
}

const shift: TargetActions<AliasTarget>['shift'] = async (
  subject,
  given,
  { percent, canaries, order, done },
) => {
  const { target, deployment } = subject;
  if (canaries.length > 0) {
    throw new TargetRefused(`The alias ${aliasName(target)} cannot tell requests by header or tenant`, {
      action: 'Use percentages, or put the gateway in front.',
    });
  }
  const made = AliasMade.parse(given);
  for (let reading = 1; reading <= mostReadings; reading += 1) {
    const alias = await readAlias(target);
    checkHolder(subject, alias, order);
    const found = routeOf(alias);
    const wanted = wantedRoute(target, made, found, percent);
    const description = heldDescription(alias.Description, done ? null : { deployment, order });
    if (sameRoute(found, wanted) && description === (alias.Description ?? '')) return;
    if (await ask(`UpdateAlias of ${aliasName(target)}`, () => update(target, alias, wanted, description)))
      return;
  }
  throw new TargetUnavailable(
    `The alias ${aliasName(target)} changed ${mostReadings} times while it was read`,
  );
};

const invoke = ({ functionName, testEvent }: AliasTarget, version: string, signal: AbortSignal) =>
  lambda().send(
    new InvokeCommand({
      FunctionName: functionName,
      Qualifier: version,
      Payload: Buffer.from(JSON.stringify(testEvent)),
    }),
    { abortSignal: signal },
  );

const warmUp: TargetActions<AliasTarget>['warmUp'] = async ({ target }, given, requests, signal) => {
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

const checkHealth: TargetActions<AliasTarget>['checkHealth'] = async ({ target }, given, signal) => {
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

/** Deletes a version unless an alias still uses it. */
async function deleteVersion(
  { functionName }: AliasTarget,
  version: string,
  signal: AbortSignal,
): Promise<void> {
  await ask(`DeleteFunction of ${functionName}:${version}`, async () => {
    try {
      await lambda().send(new DeleteFunctionCommand({ FunctionName: functionName, Qualifier: version }), {
        abortSignal: signal,
      });
    } catch (error) {
      if (!isNamed(error, 'ResourceNotFoundException', 'ResourceConflictException')) throw error;
    }
  });
}

/** Two versions of a Lambda function behind a weighted alias. The alias's description says which deployment holds it. */
export const lambdaAlias: TargetActions<AliasTarget> = {
  createGreen,
  split,
  shift,
  warmUp,
  checkHealth,
  async cleanUpBlue({ target }, made, signal) {
    if (target.deleteOld) await deleteVersion(target, AliasMade.parse(made).blue, signal);
  },
  async cleanUpGreen({ target }, given, signal) {
    const made = AliasMade.parse(given);
    // One that was there before stays.
    if (target.deleteOld && made.published) await deleteVersion(target, made.green, signal);
  },
};
