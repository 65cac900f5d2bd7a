import { clock } from '#platform/clock.ts';
import { Conflict } from '#platform/errors.ts';
import { possibleActions } from '../decisions/actions.ts';
import { decide } from '../decisions/decisions.ts';
import { deliverAnswers } from '../decisions/tokens.ts';
import { changeDeployment, findDeployment } from '../deployment-store.ts';
import { startExecution } from '../executions/workflow.ts';
import type { DeploymentStatus, NewDeployment } from '../schemas.ts';
import { beginDeployment } from '../starting.ts';
import type { ReleaseRecord } from './records.ts';
import type { ReleaseMember } from './schemas.ts';

// What a release asks of its deployments; how one moves is the deployment's own workflow.

/** Longer than any release lasts: the release ends it for all members at once. */
const keepBlueSeconds = 2_592_000;

/** The deployment of a member; `accepted`: what it breaks does no harm in this release, and why. */
export const deploymentOf = (member: ReleaseMember, accepted: string | null): NewDeployment => ({
  ...member,
  keepBlueSeconds,
  approval: false,
  ...(member.acceptIncompatible === undefined && accepted !== null
    ? { acceptIncompatible: { reason: accepted.slice(0, 500) } }
    : {}),
});

type Member = ReleaseRecord['members'][number];

/** Starts a member's deployment, once. Throws what starting a deployment throws. */
export async function startMember(
  release: ReleaseRecord,
  { deployment, service, accepted }: Member,
): Promise<void> {
  const found = await findDeployment(deployment);
  if (found !== undefined) {
    if (found.status === 'queued' && found.execution.arn === null) await startExecution(found);
    return;
  }
  const member = release.request.services.find((one) => one.service === service);
  if (member === undefined) throw new Error(`${service} is no member of ${release.id}`);
  await beginDeployment(deploymentOf(member, accepted), {
    id: deployment,
    by: release.createdBy,
    release: release.id,
  });
}

/** Asks for the way back of a member, whatever it is at; nothing where there is none. */
export async function takeBack(release: ReleaseRecord, { deployment }: Member): Promise<void> {
  const record = await findDeployment(deployment);
  if (record === undefined) return;
  const possible = possibleActions(record);
  const action = possible.includes('rollback') ? 'rollback' : 'abort';
  if (!possible.includes(action)) return;
  const comment = `${release.id} goes back: ${release.failure?.message ?? 'asked for'}`.slice(0, 500);
  try {
    await decide(deployment, action, { subject: 'theseus', comment });
  } catch (error) {
    // It ended, or somebody asked for the same, between the look and the request.
    if (!(error instanceof Conflict)) throw error;
  }
}

/** Lets go of a member's old version. */
export async function letGo({ deployment }: Member): Promise<void> {
  const record = await changeDeployment(deployment, ({ release, finish, status }) =>
    release === null || !release.holds
      ? undefined
      : {
          set: {
            release: { ...release, holds: false },
            ...(status === 'keeping_blue' && finish === null
              ? { finish: { by: 'theseus', at: clock.iso(), comment: `${release.id} is complete` } }
              : {}),
          },
        },
  );
  await deliverAnswers(record);
}

/** How a member stands; null: not begun. */
export async function standingOf({ deployment, service }: Member): Promise<{
  service: string;
  deployment: string;
  status: DeploymentStatus | null;
  percent: number | null;
  failure: string | null;
}> {
  const record = await findDeployment(deployment);
  return {
    service,
    deployment,
    status: record?.status ?? null,
    percent: record?.traffic?.percent ?? null,
    failure: record?.failure?.message ?? null,
  };
}
export type Standing = Awaited<ReturnType<typeof standingOf>>;

export const standingsOf = (members: Member[]): Promise<Standing[]> => Promise.all(members.map(standingOf));

const lostStatus = new Set<DeploymentStatus | null>([
  'rolling_back',
  'rolled_back',
  'failed',
  'cancelled',
  'needs_attention',
]);
/** It has not the traffic it was to have, and will not have it. */
export const isLost = ({ status }: Standing): boolean => lostStatus.has(status);

/** It has all traffic. */
export const isThere = ({ status }: Standing): boolean => status === 'keeping_blue' || status === 'completed';

/** Nothing moves there any more; not begun counts. */
export const isOver = ({ status }: Standing): boolean =>
  status === null || status === 'completed' || (status !== 'rolling_back' && lostStatus.has(status));
