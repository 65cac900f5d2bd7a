import { authorMayApprove } from '#platform/approvals.ts';
import { clock } from '#platform/clock.ts';
import { InvalidInput } from '#platform/errors.ts';
import type { NewEvent } from '#platform/workflow-record.ts';
import { withApproval } from '../access/approvals.ts';
import { readPlan } from '../artifacts.ts';
import { assertConsents } from '../decisions/consents.ts';
import { approvalsNeeded } from '../decisions/policy.ts';
import { ApprovalMissing, PlanHashDiffers, StrategyImpossible } from '../errors.ts';
import { readMigration } from '../migration-store.ts';
import { type RollbackStrategy, strategiesOf } from '../plan/strategies.ts';
import { keys, writeItem } from '../store.ts';
import { assertFleetMay, type FleetAction } from './actions.ts';
import { nextExecution, startFleetExecution } from './execution.ts';
import type { FleetRecord, FleetTarget } from './records.ts';
import {
  changeFleet,
  countFailures,
  type FleetChange,
  forgetFailure,
  freshTarget,
  readFailed,
  readFleet,
  readTarget,
  saveTarget,
} from './store.ts';
import { notTakenBack, openStretches, sumUpStretches } from './stretches.ts';
import { readTargetList } from './target-list.ts';
import { deliverFleetAnswer } from './token.ts';

// As with migrations: what a person decides is first written to the record on the condition that it is possible, then
// acted on. Whoever is cut off between leaves the rest to the reconciler.

interface By {
  subject: string;
  comment?: string | undefined;
}

const event = (type: string, by: By, data: NonNullable<NewEvent['data']> = {}): NewEvent => ({
  type,
  actor: by.subject,
  data: { ...data, ...(by.comment === undefined ? {} : { comment: by.comment }) },
});

/** How many people must approve it, by the rule it was planned under and the plan of the first target. */
export const fleetApprovalsNeeded = ({ sample, options, approvalRule, approvers }: FleetRecord): number =>
  approvalsNeeded(approvalRule, approvers, { plan: sample.plan, options });

/** Throws PlanHashDiffers. */
export function assertFleetPlan(fleet: FleetRecord, planHash: string | undefined): void {
  if (planHash === undefined || planHash === fleet.sample.plan.hash) return;
  throw new PlanHashDiffers('The plan of the first target is another one than you decided on', {
    evidence: { sent: planHash, stands: fleet.sample.plan.hash },
    action: `Read it with: theseus migration fleet show ${fleet.id}`,
  });
}

/** A new execution where the last one has ended; else the one that waits is answered. */
async function goOn(fleet: FleetRecord): Promise<FleetRecord> {
  if (fleet.execution?.arn === null) return startFleetExecution(fleet);
  await deliverFleetAnswer(fleet);
  return fleet;
}

/** An execution that waits goes on; one that ended, or is about to, is followed by another. */
const executionFor = (fleet: FleetRecord): FleetRecord['execution'] =>
  ['completed', 'cancelled', 'failed', 'undone'].includes(fleet.status)
    ? nextExecution(fleet)
    : fleet.execution;

/** Begins the first wave. Throws Conflict, ConsentMissing, PlanHashDiffers, ApprovalMissing. */
export async function startFleet(
  id: string,
  by: By,
  options: { planHash?: string | undefined; consents: string[]; breakGlass?: string | undefined },
): Promise<FleetRecord> {
  const { breakGlass } = options;
  const fleet = await changeFleet(id, (current) => {
    assertFleetMay(current, 'start');
    assertFleetPlan(current, options.planHash);
    const consents = [...new Set([...current.consents, ...options.consents])];
    assertConsents(current.sample, consents);
    const needed = fleetApprovalsNeeded(current);
    if (breakGlass === undefined && needed > 0 && current.approval === null) {
      const given = current.approvals.map(({ by }) => by);
      throw new ApprovalMissing(
        `Fleet ${id} has ${given.length} of the ${needed} approvals it needs to start`,
        {
          evidence: { risk: current.sample.plan.risk, needed, approvedBy: given },
          action: `Ask an approver: theseus migration fleet approve ${id} --hash ${current.sample.plan.hash}`,
        },
      );
    }
    const at = clock.iso();
    const set = {
      status: 'running' as const,
      consents,
      startedAt: at,
      execution: nextExecution(current),
    };
    const { hash } = current.sample.plan;
    if (breakGlass === undefined) return { set, events: [event('fleet.started', by, { planHash: hash })] };
    const broken = { by: by.subject, at, reason: breakGlass, action: 'start' as const };
    return {
      set: { ...set, breakGlass: [...current.breakGlass, broken] },
      events: [
        event('break_glass.used', by, { action: 'start', reason: breakGlass }),
        event('fleet.started', by, { planHash: hash }),
      ],
    };
  });
  return goOn(fleet);
}

/**
 * Approves the file for every target, by the plan of the first. Throws Conflict, PlanHashDiffers, AuthorMayNotApprove,
 * AlreadyApproved.
 */
export function approveFleet(id: string, by: By, planHash: string): Promise<FleetRecord> {
  return changeFleet(id, (current) => {
    assertFleetMay(current, 'approve');
    assertFleetPlan(current, planHash);
    const needed = Math.max(1, fleetApprovalsNeeded(current));
    const given = { by: by.subject, at: clock.iso(), comment: by.comment ?? null };
    const approvals = withApproval(
      {
        what: `Fleet ${id}`,
        author: current.createdBy,
        authorMayApprove: authorMayApprove(),
        given: current.approvals,
        needed,
      },
      given,
    );
    return {
      set: { approvals, ...(approvals.length < needed ? {} : { approval: given }) },
      events: [event('fleet.approved', by, { planHash, approvals: approvals.length, needed })],
    };
  });
}

async function decided(
  id: string,
  action: FleetAction,
  told: NewEvent,
  set: (fleet: FleetRecord) => FleetChange['set'],
): Promise<FleetRecord> {
  const fleet = await changeFleet(id, (current) => {
    assertFleetMay(current, action);
    return { set: set(current), events: [told] };
  });
  return goOn(fleet);
}

/** Stops before the next target. */
export const pauseFleet = (id: string, by: By): Promise<FleetRecord> =>
  decided(id, 'pause', event('fleet.paused', by), () => ({ status: 'paused', bakeUntil: null }));

/** Begins no more targets; what is done stays, and can be taken back. */
export const cancelFleet = (id: string, by: By): Promise<FleetRecord> =>
  decided(id, 'cancel', event('fleet.cancelled', by), () => ({
    status: 'cancelled',
    bakeUntil: null,
    endedAt: clock.iso(),
  }));

/** Goes on; the failures that halted the fleet are accepted, and more of them halt it again. */
export async function resumeFleet(id: string, by: By): Promise<FleetRecord> {
  const { wave } = await readFleet(id);
  const failed = await countFailures(id, wave);
  return decided(id, 'resume', event('fleet.resumed', by, { failed }), ({ overruled }) => ({
    status: 'running',
    halted: null,
    bakeUntil: null,
    overruled: failed === 0 ? overruled : { ...overruled, [wave]: failed },
  }));
}

/**
 * Takes back every target that is done, each by itself, and once more those that stayed as they were. Throws Conflict; StrategyImpossible when the way makes no sense
 * for the file, and nothing has changed then.
 */
export async function undoFleet(
  id: string,
  by: By,
  { acceptLosses, strategy }: { acceptLosses: boolean; strategy: RollbackStrategy },
): Promise<FleetRecord> {
  const before = await readFleet(id);
  assertFleetMay(before, 'undo');
  if (strategy !== 'revert') await assertWay(before, strategy);
  if (before.status === 'undone') await tryUndoAgain(before);
  const told = event('fleet.undo_started', by, { acceptLosses, strategy });
  return decided(id, 'undo', told, (fleet) => ({
    status: 'undoing',
    undo: { by: by.subject, acceptLosses, strategy, left: 0 },
    halted: null,
    bakeUntil: null,
    endedAt: null,
    execution: executionFor(fleet),
  }));
}

/** Targets that stayed as they were when the others were taken back are done again. */
async function tryUndoAgain(fleet: FleetRecord): Promise<void> {
  const left = await notTakenBack(fleet);
  const places = left.map(({ index }) => index);
  await openStretches(fleet.id, places);
  for (const target of left) await saveTarget(fleet.id, { ...target, status: 'done', failure: null });
  await sumUpStretches(fleet, places);
}

/** By the plan of the first target: the file and its options are those of all of them. */
async function assertWay(fleet: FleetRecord, strategy: RollbackStrategy): Promise<void> {
  const plan = await readPlan(await readMigration(fleet.sample.migrationId));
  const way = strategiesOf(plan, fleet.options.backUpRows === true).find((one) => one.strategy === strategy);
  if (!way?.impossible) return;
  throw new StrategyImpossible(`Fleet ${fleet.id} cannot be taken back by ${strategy}: ${way.impossible}`, {
    evidence: { strategy, operations: plan.operations.map(({ kind }) => kind) },
    action: `Take it back by revert: theseus migration fleet undo ${fleet.id}`,
  });
}

/** Failed targets are tried again, each as a migration of its own. Throws Conflict when none has failed. */
export async function redriveFleet(id: string, by: By): Promise<FleetRecord> {
  const before = await readFleet(id);
  assertFleetMay(before, 'redrive');
  const failed = await readFailed(id);
  if (failed.length === 0) {
    throw new InvalidInput('No target has failed', {
      problems: [{ pointer: '/params/id', detail: 'The fleet has no failed target' }],
      action: `Look at it with: theseus migration fleet show ${id}`,
    });
  }
  const places = failed.map(({ index }) => index);
  await openStretches(id, places);
  for (const target of failed) {
    const again = freshTarget(id, { ...target, attempt: target.attempt + 1 });
    await forgetFailure(id, target);
    await saveTarget(id, again);
  }
  await sumUpStretches(before, places);
  return decided(id, 'redrive', event('fleet.redriven', by, { targets: failed.length }), (fleet) => ({
    status: 'running',
    halted: null,
    bakeUntil: null,
    failure: null,
    endedAt: null,
    wave: Math.min(fleet.wave, fleet.waves.length - 1),
    overruled: {},
    execution: executionFor(fleet),
  }));
}

/** Leaves targets out that are not done. Throws Conflict, InvalidInput when none fits. */
export async function excludeTargets(
  id: string,
  by: By,
  asked: { targets: { database: string; schema?: string | undefined }[]; reason: string },
): Promise<FleetRecord> {
  const fleet = await readFleet(id);
  assertFleetMay(fleet, 'exclude');
  const fits = ({ database, databaseId, schema }: FleetTarget) =>
    asked.targets.some(
      (one) =>
        (one.database === database || one.database === databaseId) &&
        (one.schema === undefined || one.schema === schema),
    );
  const list = await readTargetList(id, 0, fleet.waves.at(-1)?.to ?? 0);
  const chosen = list.filter(fits);
  if (chosen.length === 0) {
    throw new InvalidInput('No target of the fleet fits', {
      problems: [{ pointer: '/body/targets', detail: 'None of these is a target of the fleet' }],
      action: `List them with: theseus migration fleet targets ${id}`,
    });
  }
  const places = chosen.map(({ index }) => index);
  await openStretches(id, places);
  for (const target of chosen) {
    const wave = fleet.waves.findIndex(({ from, to }) => target.index >= from && target.index < to);
    const stands = (await readTarget(id, target.index)) ?? freshTarget(id, { ...target, wave, attempt: 1 });
    if (stands.status === 'failed') await forgetFailure(id, stands);
    await writeItem(
      keys.fleetTarget(id, target.index),
      { ...stands, status: 'excluded', reason: asked.reason },
      {
        expression: 'attribute_not_exists(pk) OR #status = :pending OR #status = :failed',
        names: { '#status': 'status' },
        values: { ':pending': 'pending', ':failed': 'failed' },
      },
    );
  }
  await sumUpStretches(fleet, places);
  const { reason } = asked;
  return changeFleet(id, () => ({
    set: {},
    events: [event('fleet.targets_excluded', by, { targets: chosen.length, reason })],
  }));
}
