import { authorMayApprove } from '#platform/approvals.ts';
import { clock } from '#platform/clock.ts';
import { InvalidInput } from '#platform/errors.ts';
import { type BrokenGlass, type GivenApproval, withApproval } from '../access/approvals.ts';
import { PlanHashDiffers } from '../errors.ts';
import { phasesAfter } from '../executions/history.ts';
import { releaseSchemaLock, takeSchemaLock } from '../executions/schema-lock.ts';
import { newExecution, startExecution } from '../executions/workflow.ts';
import { refuseWhenLaterStands } from '../list.ts';
import { type Change, changeMigration, readMigration } from '../migration-store.ts';
import type { RollbackStrategy } from '../plan/strategies.ts';
import type { MigrationRecord } from '../records.ts';
import { scheduleOf } from '../schedule/waits.ts';
import type { TimeWindow } from '../schedule/windows.ts';
import { chosenWay } from '../undo/strategy.ts';
import { assertUndoable, undoBegun } from '../undo/undoing.ts';
import { assertCanBeNotValid, statusOnWayBack, verdictOnWayBack } from '../undo/way-back.ts';
import { assertPossible } from './actions.ts';
import { assertConsents } from './consents.ts';
import { pausing } from './pausing.ts';
import { approvalRule, approvalsNeeded, approvers } from './policy.ts';
import { deliverAnswers } from './tokens.ts';

// What a person decides is first written to the record on the condition that it is possible, then acted on. Whoever is
// cut off between leaves the rest to the reconciler.

interface By {
  subject: string;
  comment?: string | undefined;
}
const request = ({ subject, comment }: By) => ({
  by: subject,
  at: clock.iso(),
  comment: comment ?? null,
});
const withComment = ({ comment }: By) => (comment === undefined ? {} : { comment });

/** Throws PlanHashDiffers when the hash is of another plan than the one that stands. */
export function assertPlan(record: MigrationRecord, planHash: string | undefined): void {
  if (planHash === undefined || planHash === record.plan?.hash) return;
  throw new PlanHashDiffers('The plan that stands is another one than you decided on', {
    evidence: { sent: planHash, stands: record.plan?.hash },
    action: `Read it with: theseus migration show ${record.id}`,
  });
}

/** The same change past approvals and windows: marked on the record for good, and told of. */
function breakingGlass(
  current: MigrationRecord,
  change: Change,
  { by, reason, action }: Omit<BrokenGlass, 'at'>,
): Change {
  return {
    ...change,
    set: { ...change.set, breakGlass: [...current.breakGlass, { by, reason, action, at: clock.iso() }] },
    events: [...(change.events ?? []), { type: 'break_glass.used', actor: by, data: { action, reason } }],
  };
}

function refuseHours({ at, windows }: { at?: string | undefined; windows: TimeWindow[] }): void {
  if (at === undefined && windows.length === 0) return;
  throw new InvalidInput('What goes past windows starts at once', {
    problems: [{ pointer: '/body/breakGlass', detail: 'Not together with at or windows' }],
    action: 'Leave out either.',
  });
}

/** Runs a plan, at once or as scheduled. Throws Conflict, ConsentMissing, InvalidInput, PlanHashDiffers, MigrationInProgress. */
export async function start(
  id: string,
  by: By,
  options: {
    planHash?: string | undefined;
    consents: string[];
    at?: string | undefined;
    windows: TimeWindow[];
    breakGlass?: string | undefined;
  },
): Promise<MigrationRecord> {
  const { breakGlass } = options;
  if (breakGlass !== undefined) refuseHours(options);
  const before = await readMigration(id);
  const decide = (record: MigrationRecord) => {
    assertPossible(record, 'start');
    assertPlan(record, options.planHash);
    assertConsents(record, [...record.consents, ...options.consents]);
  };
  const schedule = scheduleOf(options, clock.now());
  decide(before);
  await takeSchemaLock(before);
  const record = await changeMigration(id, (current) => {
    decide(current);
    const needed = breakGlass === undefined ? approvalsNeeded(approvalRule(), approvers(), current) : 0;
    const waiting = needed > 0;
    const change: Change = {
      set: {
        status: 'running',
        phase: 'plan',
        phases: phasesAfter(current.phases, 'plan', current.epoch, clock.iso()),
        execution: newExecution(id, 'migration', 1),
        consents: [...new Set([...current.consents, ...options.consents])],
        schedule,
        approval: waiting ? { decision: 'waiting', by: null, at: null, comment: null } : null,
        approvals: [],
        approvalsNeeded: needed,
      },
      events: [
        {
          type: 'migration.started',
          actor: by.subject,
          data: {
            ...withComment(by),
            planHash: current.plan?.hash ?? '',
            consents: options.consents,
            approval: waiting,
            ...(schedule === null ? {} : { at: schedule.at, windows: schedule.windows }),
          },
        },
      ],
    };
    if (breakGlass === undefined) return change;
    return breakingGlass(current, change, { by: by.subject, reason: breakGlass, action: 'start' });
  });
  return begin(record);
}

async function begin(record: MigrationRecord): Promise<MigrationRecord> {
  return record.execution === null ? record : startExecution(record, record.execution);
}

/**
 * An answer to the plan, or to what cannot return on the way back. Throws Conflict, InvalidInput, PlanHashDiffers,
 * AuthorMayNotApprove, AlreadyApproved. A plan goes on once as many people have approved it as it needs.
 */
export async function decide(
  id: string,
  by: By,
  verdict: 'approve' | 'reject',
  { planHash, constraints, breakGlass }: Verdict,
): Promise<MigrationRecord> {
  if (verdict === 'reject' && breakGlass !== undefined) {
    throw new InvalidInput('A plan is rejected by whoever may approve it', {
      problems: [{ pointer: '/body/breakGlass', detail: 'Only to start and to approve' }],
      action: 'Roll the migration back instead.',
    });
  }
  const verdictOn = (current: MigrationRecord): Change => {
    if (verdict === 'approve') assertCanBeNotValid(current);
    assertPossible(current, verdict);
    const event = { actor: by.subject, data: withComment(by) };
    if (current.status === 'waiting_for_decision')
      return verdictOnWayBack(current, event, verdict, constraints);
    if (constraints !== undefined) {
      throw new InvalidInput('This verdict is on a plan, not on constraints that rows refuse', {
        problems: [
          { pointer: '/body/constraints', detail: 'For an undo or a rollback that waits for a decision' },
        ],
        action: 'Leave `constraints` out. Nothing was approved.',
      });
    }
    if (planHash === undefined) {
      throw new InvalidInput('A verdict names the plan it is about', {
        problems: [{ pointer: '/body/planHash', detail: 'Required: the hash of the plan you read' }],
        action: `Read the plan first: GET /migrations/${id}/plan`,
      });
    }
    assertPlan(current, planHash);
    const decision = verdict === 'approve' ? 'approved' : 'rejected';
    const given = { by: by.subject, at: clock.iso(), comment: by.comment ?? null };
    const approvals =
      verdict === 'approve' && breakGlass === undefined ? approvedBy(current, given) : current.approvals;
    const needed = current.approvalsNeeded;
    if (verdict === 'approve' && breakGlass === undefined && approvals.length < needed) {
      const data = { ...event.data, planHash, given: approvals.length, needed };
      return { set: { approvals }, events: [{ type: 'plan.approval_given', ...event, data }] };
    }
    const { schedule } = current;
    return {
      set: {
        approvals,
        approval: { decision, ...given },
        status: 'running',
        ...(breakGlass === undefined || schedule === null
          ? {}
          : { schedule: { ...schedule, windows: [], startNow: true } }),
      },
      events: [{ type: `plan.${decision}`, ...event, data: { ...event.data, planHash } }],
    };
  };
  const record = await changeMigration(id, (current) => {
    const change = verdictOn(current);
    if (breakGlass === undefined) return change;
    return breakingGlass(current, change, { by: by.subject, reason: breakGlass, action: 'approve' });
  });
  await deliverAnswers(record);
  return record;
}

interface Verdict {
  planHash?: string | undefined;
  constraints?: 'not_valid' | undefined;
  breakGlass?: string | undefined;
}

const approvedBy = (record: MigrationRecord, given: GivenApproval): GivenApproval[] =>
  withApproval(
    {
      what: `Migration ${record.id}`,
      author: record.createdBy,
      authorMayApprove: authorMayApprove(),
      given: record.approvals,
      needed: record.approvalsNeeded,
    },
    given,
  );

/** Rows were corrected: counts again what refuses the constraints on the way back. Throws Conflict. */
export async function retry(id: string, by: By): Promise<MigrationRecord> {
  const record = await changeMigration(id, (current) => {
    assertPossible(current, 'retry');
    const refused = current.returning?.refused ?? [];
    return {
      set: { returning: { refused, decision: 'retry' }, status: statusOnWayBack(current) },
      events: [{ type: 'constraints.retry_asked', actor: by.subject, data: withComment(by) }],
    };
  });
  await deliverAnswers(record);
  return record;
}

export function pause(id: string, by: By): Promise<MigrationRecord> {
  return changeMigration(id, (record) => pausing(record, by));
}

export async function resume(id: string, by: By): Promise<MigrationRecord> {
  const record = await changeMigration(id, (current) => {
    assertPossible(current, 'resume');
    const { schedule, status, failure, openErrors } = current;
    // Those that made it pause were seen: it goes on with them.
    const accepted = failure?.name === 'TooManyErrors' ? { failure: null, errorsAccepted: openErrors } : {};
    return {
      set: {
        status: 'running',
        ...accepted,
        ...(schedule === null || status !== 'scheduled'
          ? {}
          : { schedule: { ...schedule, startNow: true }, waitsUntil: null }),
      },
      events: [{ type: 'migration.resumed', actor: by.subject, data: withComment(by) }],
    };
  });
  await deliverAnswers(record);
  return record;
}

/** Ends the soak; for a removal that was given up: tries it again. */
export async function complete(id: string, by: By): Promise<MigrationRecord> {
  const record = await changeMigration(id, (current) => {
    assertPossible(current, 'complete');
    const events = [{ type: 'migration.completion_asked', actor: by.subject, data: withComment(by) }];
    if (current.status === 'failed') {
      const removal = { ...current.removal, attempts: 0, retryAt: clock.now() };
      return { set: { status: 'completed', removal }, events };
    }
    return { set: { complete: request(by) }, events };
  });
  await deliverAnswers(record);
  return record;
}

/**
 * Takes back what was done, from wherever the migration stands; before anything was done it is cancelled. Throws
 * Conflict, StrategyImpossible.
 */
export async function rollBack(
  id: string,
  by: By,
  asked: { acceptLosses: boolean; strategy?: RollbackStrategy | undefined },
): Promise<MigrationRecord> {
  const before = await readMigration(id);
  assertPossible(before, 'rollback');
  const wayBack = await chosenWay(before, asked);
  const record = await changeMigration(id, (current) => {
    assertPossible(current, 'rollback');
    const data = { ...withComment(by), strategy: wayBack?.strategy ?? 'revert' };
    const told = { type: 'rollback.asked', actor: by.subject, data };
    if (current.status === 'planned') {
      return { set: { status: 'cancelled', cancel: request(by) }, events: [told] };
    }
    if (current.status === 'failed') {
      const execution = newExecution(id, 'rollback', (current.execution?.attempt ?? 0) + 1);
      return { set: { status: 'rolling_back', execution, wayBack }, events: [told] };
    }
    return { set: { cancel: request(by), wayBack }, events: [told] };
  });
  if (record.status === 'rolling_back') return begin(record);
  if (record.status === 'cancelled') await releaseSchemaLock(record);
  await deliverAnswers(record);
  return record;
}

/**
 * Takes a completed migration back. Throws Conflict, LaterMigrationStands, MigrationInProgress, StrategyImpossible.
 */
export async function undo(
  id: string,
  by: By,
  asked: { acceptLosses: boolean; strategy?: RollbackStrategy | undefined },
): Promise<MigrationRecord> {
  const before = await readMigration(id);
  // A second word while the first undo waits: the losses are accepted after all.
  const { acceptLosses } = asked;
  if (before.status === 'waiting_for_decision' && acceptLosses) return decide(id, by, 'approve', {});
  assertUndoable(before);
  // A move is taken back as long as it is followed: then its way back is that of a rollback.
  if (before.blueGreen !== null) return rollBack(id, by, asked);
  await refuseWhenLaterStands(before);
  const wayBack = await chosenWay(before, asked);
  await takeSchemaLock(before);
  const record = await changeMigration(id, (current) => {
    assertUndoable(current);
    const execution = newExecution(id, 'undo', current.undoAttempts + 1);
    return undoBegun(current, execution, { by: by.subject, acceptLosses, comment: by.comment, wayBack });
  });
  return begin(record);
}
