import {
  type AliasConfiguration,
  DeleteFunctionCommand,
  GetAliasCommand,
  PublishVersionCommand,
  UpdateAliasCommand,
} from '@aws-sdk/client-lambda';
import type { z } from 'zod';
import { lambda } from '#platform/clients.ts';
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
import { AliasMade, type AliasTarget, checkHealth, configuration, warmUp } from './lambda-green.ts';
import type { Made, Subject, TargetActions } from './target.ts';

type AliasSubject = Subject<AliasTarget>;

/** How often an alias that others change at the same moment is read again. */
const mostReadings = 3;

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
