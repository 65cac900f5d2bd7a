import { createHash } from 'node:crypto';
import { clock } from '#platform/clock.ts';
import { resolveDestination } from '#platform/outbound/destination.ts';
import type { RequestTools } from '#platform/route.ts';
import { approvalAlways } from '../decisions/policy.ts';
import { idOf } from '../starting.ts';
import { planRelease } from './facts.ts';
import type { ReleaseRecord } from './records.ts';
import { createRelease, readRelease } from './release-store.ts';
import type { NewRelease } from './schemas.ts';
import { newReleaseExecution, startRelease } from './workflow.ts';

const lookUpMs = 5_000;

/** The same for a release and service, whoever starts it. */
const deploymentId = (release: string, service: string): string =>
  `dep_${createHash('sha256').update(`${release} ${service}`).digest('hex').slice(0, 20)}`;

/** Everything that can be refused before anything is stored. Throws as planRelease, DestinationRefused. */
export async function checkRelease(request: NewRelease) {
  const url = request.flags?.url;
  if (url !== undefined) await resolveDestination(url, AbortSignal.timeout(lookUpMs));
  return planRelease(request);
}

/** Stores a release and begins it. Throws as `checkRelease` does; then nothing is stored. */
export async function beginRelease(
  request: NewRelease,
  tools: Pick<RequestTools, 'caller' | 'idempotencyKey'>,
): Promise<ReleaseRecord> {
  const id = idOf(tools, 'rel');
  const plan = await checkRelease(request);
  const at = clock.iso();
  const by = tools.caller.subject;
  const waits = request.approval || approvalAlways();
  await createRelease({
    schemaVersion: 1,
    id,
    revision: 1,
    request,
    status: waits ? 'waiting_for_approval' : 'running',
    waves: plan.waves,
    wave: null,
    members: plan.members.map((member) => ({
      ...member,
      wave: plan.waves.findIndex((wave) => wave.includes(member.service)),
      deployment: deploymentId(id, member.service),
    })),
    flags: (request.flags?.changes ?? []).map((flag) => ({ ...flag, state: 'old', problem: null })),
    execution: newReleaseExecution(id, 'start', 1),
    approval: waits ? 'waiting' : 'none',
    cancel: null,
    finish: null,
    failure: null,
    needs: [],
    createdBy: by,
    createdAt: at,
    startedAt: null,
    keepsUntil: null,
    endedAt: null,
    updatedAt: at,
    outbox: [
      {
        sequence: 0,
        at,
        type: 'release.created',
        actor: by,
        data: { waves: plan.waves, ...(request.comment === undefined ? {} : { comment: request.comment }) },
      },
    ],
    nextSequence: 1,
  });
  return startRelease(await readRelease(id));
}
