import { createHash } from 'node:crypto';
import { clock } from '#platform/clock.ts';
import { Conflict, type FieldProblem, InvalidInput } from '#platform/errors.ts';
import { newId } from '#platform/ids.ts';
import { resolveDestination } from '#platform/outbound/destination.ts';
import type { RequestTools } from '#platform/route.ts';
import { assertRegistered, compareVersions } from './compatibility.ts';
import { approvalAlways } from './decisions/policy.ts';
import { createDeployment, forgetDeployment, readDeployment } from './deployment-store.ts';
import { SlotTaken } from './errors.ts';
import { makeRoom } from './executions/turns.ts';
import { newExecution, startExecution } from './executions/workflow.ts';
import type { DeploymentRecord } from './records.ts';
import type { DeploymentPlan, NewDeployment } from './schemas.ts';
import { ahead, readSlot, slotOf, takeSlot } from './slots.ts';
import { lookSeconds, secondsOf, stepsOf } from './strategy.ts';
import { abilities } from './targets/abilities.ts';
import { servingVersion } from './targets/route.ts';

// A deployment before it is one: everything that can be refused is refused here, and nothing is stored.

/** How long the addresses of gates may take to be looked up, ms. */
const lookUpMs = 5_000;

/** Made from the Idempotency-Key: a run that takes a request over finishes the first one's deployment. */
export function idOf(
  { caller, idempotencyKey }: Pick<RequestTools, 'caller' | 'idempotencyKey'>,
  prefix = 'dep',
): string {
  if (idempotencyKey === undefined) return newId(prefix);
  const hash = createHash('sha256').update(`${caller.subject.length}:${caller.subject}${idempotencyKey}`);
  return `${prefix}_${hash.digest('hex').slice(0, 20)}`;
}

/** What begins: who asked for it, and the release it is a part of. */
interface Begins {
  id: string;
  by: string;
  release: string | null;
}

function newRecord(
  request: NewDeployment,
  { id, by, release }: Begins,
  registeredAt: string | null,
): DeploymentRecord {
  const at = clock.iso();
  return {
    schemaVersion: 1,
    id,
    revision: 1,
    service: request.service,
    request,
    release: release === null ? null : { id: release, holds: true },
    slot: slotOf(request),
    status: 'queued',
    phase: 'queue',
    execution: newExecution(id, 'start', 1),
    steps: stepsOf(request, true),
    step: null,
    stepStartedAt: null,
    shiftedStep: null,
    extendedSeconds: 0,
    green: null,
    firingBefore: [],
    order: 0,
    traffic: null,
    // A release is approved as a whole.
    approval: release === null && (request.approval || approvalAlways()) ? 'waiting' : 'none',
    paused: null,
    resumedAt: null,
    asked: null,
    cancel: null,
    finish: null,
    criteria: null,
    judgedSince: null,
    sampledTo: null,
    samples: 0,
    judgement: null,
    looked: null,
    failure: null,
    notes: [],
    createdBy: by,
    createdAt: at,
    leadFrom: request.committedAt ?? registeredAt,
    startedAt: null,
    firstTrafficAt: null,
    fullAt: null,
    backAt: null,
    endedAt: null,
    keepsBlueUntil: null,
    updatedAt: at,
    outbox: [
      {
        sequence: 0,
        at,
        type: 'deployment.created',
        actor: by,
        data: request.comment === undefined ? {} : { comment: request.comment },
      },
    ],
    nextSequence: 1,
  };
}

/** What the target cannot do is refused before anything is asked of it. */
function problemsOf({ target, first, gates, strategy, analysis }: NewDeployment): FieldProblem[] {
  const can = abilities[target.kind];
  const canaries = first?.canaries ?? [];
  const atOnce = strategy === 'AllAtOnce' || (typeof strategy === 'object' && strategy.kind === 'blue_green');
  const tests = gates.some(({ kind }) => kind === 'http') && target.kind !== 'http';
  return [
    ...(canaries.some((one) => 'header' in one) && !can.headerCanary
      ? [{ pointer: '/body/first', detail: `Targets of kind ${target.kind} know no canary by header` }]
      : []),
    ...(canaries.some((one) => 'tenants' in one) && !can.tenantCanary
      ? [{ pointer: '/body/first', detail: `Targets of kind ${target.kind} know no canary by tenant` }]
      : []),
    ...(!atOnce && !can.steps
      ? [{ pointer: '/body/strategy', detail: `Targets of kind ${target.kind} move all at once only` }]
      : []),
    ...(target.kind !== 'http' && analysis !== null && analysis.sources === undefined
      ? [
          {
            pointer: '/body/analysis/sources',
            detail: `Nothing counts the requests of targets of kind ${target.kind} by itself: name sources, or set analysis to null`,
          },
        ]
      : []),
    ...(tests ? [{ pointer: '/body/gates', detail: 'Tests by HTTP are for targets of kind http' }] : []),
  ];
}

/**
 * Throws InvalidInput, DestinationRefused, VersionNotRegistered, Conflict. Returns the version that has the traffic,
 * and when the new one was registered.
 */
export async function assertDeployable(
  request: NewDeployment,
): Promise<{ from: string | null; registeredAt: string | null }> {
  const problems = problemsOf(request);
  if (problems.length > 0) {
    throw new InvalidInput(problems.map(({ detail }) => detail).join('; '), {
      problems,
      action: 'Ask for what the target can do, or use another target.',
    });
  }
  for (const gate of request.gates) {
    if (gate.kind === 'webhook') await resolveDestination(gate.url, AbortSignal.timeout(lookUpMs));
  }
  const registeredAt = await assertRegistered(request.service, request.version);
  const serving = await servingVersion(request.service, request.target);
  if (serving === request.version) {
    throw new Conflict(`Version ${serving} of ${request.service} has the traffic already`, {
      evidence: { expected: 'another version', found: serving },
      action: 'Deploy another version; who has the traffic says: theseus gateway show',
    });
  }
  return { from: serving, registeredAt };
}

/** What a deployment would do; stores nothing. Throws as `start` does, but for SlotTaken. */
export async function planOf(request: NewDeployment): Promise<DeploymentPlan> {
  const { from } = await assertDeployable(request);
  const hasBlue = request.target.kind !== 'http' || from !== null;
  const steps = stepsOf(request, hasBlue);
  const { compatible } = await compareVersions(request.service, from, request.version);
  const { analysis, service, version, keepBlueSeconds } = request;
  return {
    service,
    version,
    from,
    steps,
    seconds: secondsOf(steps),
    lookSeconds: analysis === null ? null : lookSeconds(analysis.intervalSeconds, steps),
    keepBlueSeconds,
    gates: request.gates.map(({ name }) => name),
    approval: request.approval || approvalAlways(),
    compatible,
    queuedBehind: ahead(await readSlot(slotOf(request)), ''),
  };
}

/**
 * Stores a deployment and begins it, or lets it wait for its turn. Throws InvalidInput, DestinationRefused,
 * VersionNotRegistered, Conflict, and SlotTaken when it is not to wait.
 */
export const startDeployment = (
  request: NewDeployment,
  tools: Pick<RequestTools, 'caller' | 'idempotencyKey'>,
): Promise<DeploymentRecord> =>
  beginDeployment(request, { id: idOf(tools), by: tools.caller.subject, release: null });

/** The same under an id that is known before, for a release. Throws as `startDeployment` does. */
export async function beginDeployment(request: NewDeployment, begins: Begins): Promise<DeploymentRecord> {
  const { id } = begins;
  const { registeredAt } = await assertDeployable(request);
  const record = newRecord(request, begins, registeredAt);
  await createDeployment(record);
  try {
    await makeRoom(await takeSlot(record.slot, id, request.whenBusy), id);
  } catch (error) {
    if (error instanceof SlotTaken) await forgetDeployment(record);
    throw error;
  }
  return startExecution(await readDeployment(id));
}
