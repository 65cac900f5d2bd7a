import { clock } from '#platform/clock.ts';
import { nextActions } from './decisions/actions.ts';
import type { DeploymentRecord } from './records.ts';
import type { Deployment } from './schemas.ts';
import { ahead, readSlot } from './slots.ts';
import { secondsOf } from './strategy.ts';

/** How long the rest of the steps takes from now on, s; null when nothing goes on by itself. */
function secondsLeft(record: DeploymentRecord): number | null {
  const { status, steps, step, stepStartedAt, extendedSeconds } = record;
  if (status === 'keeping_blue') return 0;
  if (status !== 'running') return null;
  if (step === null || stepStartedAt === null) return secondsOf(steps);
  const held = (clock.now() - Date.parse(stepStartedAt)) / 1_000;
  const here = (steps[step]?.holdSeconds ?? 0) + extendedSeconds - held;
  return Math.ceil(Math.max(0, here) + secondsOf(steps.slice(step + 1)));
}

/** A deployment as the API shows it. */
export async function viewOf(record: DeploymentRecord): Promise<Deployment> {
  const waits = record.status === 'queued';
  return {
    id: record.id,
    service: record.service,
    version: record.request.version,
    from: record.green?.blue ?? null,
    target: record.request.target,
    status: record.status,
    phase: record.phase,
    steps: record.steps,
    step: record.step,
    stepStartedAt: record.stepStartedAt,
    traffic: record.traffic,
    secondsLeft: secondsLeft(record),
    queuedBehind: waits ? ahead(await readSlot(record.slot), record.id) : [],
    judgement: record.judgement,
    failure: record.failure,
    notes: record.notes,
    createdBy: record.createdBy,
    createdAt: record.createdAt,
    startedAt: record.startedAt,
    firstTrafficAt: record.firstTrafficAt,
    fullAt: record.fullAt,
    backAt: record.backAt,
    endedAt: record.endedAt,
    keepsBlueUntil: record.keepsBlueUntil,
    updatedAt: record.updatedAt,
    request: record.request,
    next: nextActions(record),
  };
}
