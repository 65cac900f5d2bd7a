import { clock } from '#platform/clock.ts';
import { InvalidInput } from '#platform/errors.ts';
import { AuthorMayNotApprove, PlanHashDiffers } from '../errors.ts';
import { phasesAfter } from '../executions/history.ts';
import { releaseSchemaLock, takeSchemaLock } from '../executions/schema-lock.ts';
import { newExecution, startExecution } from '../executions/workflow.ts';
import { refuseWhenLaterStands } from '../list.ts';
import type { MigrationRecord } from '../records.ts';
import { scheduleOf } from '../schedule/waits.ts';
import type { TimeWindow } from '../schedule/windows.ts';
import { changeMigration, readMigration } from '../store.ts';
import { assertUndoable, undoBegun } from '../undo/undoing.ts';
import { assertCanBeNotValid, statusOnWayBack, verdictOnWayBack } from '../undo/way-back.ts';
import { assertPossible } from './actions.ts';
import { assertConsents } from './consents.ts';
import { pausing } from './pausing.ts';
import { approvalRequired, authorMayApprove } from './policy.ts';
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

function assertPlan(record: MigrationRecord, planHash: string | undefined): void {
  if (planHash === undefined || planHash === record.plan?.hash) return;
  throw new PlanHashDiffers('The plan that stands is another one than you decided on', {
    evidence: { sent: planHash, stands: record.plan?.hash },
    action: `Read it with: theseus migration show ${record.id}`,
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
  },
): Promise<MigrationRecord> {
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
    const waiting = approvalRequired(current);
    return {
      set: {
        status: 'running',
        phase: 'plan',
        phases: phasesAfter(current.phases, 'plan', current.epoch, clock.iso()),
        execution: newExecution(id, 'migration', 1),
        consents: [...new Set([...current.consents, ...options.consents])],
        schedule,
        approval: waiting ? { decision: 'waiting', by: null, at: null, comment: null } : null,
      },
      events: [
        {
          type: 'migration.started',
          actor: by.subject,
          data: {
            planHash: current.plan?.hash ?? '',
            consents: options.consents,
            approval: waiting,
            ...(schedule === null ? {} : { at: schedule.at, windows: schedule.windows }),
          },
        },
      ],
    };
  });
  return begin(record);
}

async function begin(record: MigrationRecord): Promise<MigrationRecord> {
  return record.execution === null ? record : startExecution(record, record.execution);
}

/**
 * An answer to the plan, or to what cannot return on the way back. Throws Conflict, InvalidInput, PlanHashDiffers,
 * AuthorMayNotApprove.
 */
export async function decide(
  id: string,
  by: By,
  verdict: 'approve' | 'reject',
  { planHash, constraints }: { planHash?: string | undefined; constraints?: 'not_valid' | undefined },
): Promise<MigrationRecord> {
  const record = await changeMigration(id, (current) => {
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
    if (verdict === 'approve' && by.subject === current.createdBy && !authorMayApprove()) {
      throw new AuthorMayNotApprove(`${by.subject} wrote this migration and may not approve it here`, {
        evidence: { author: current.createdBy },
        action: 'Ask another approver.',
      });
    }
    const decision = verdict === 'approve' ? 'approved' : 'rejected';
    return {
      set: {
        approval: { decision, by: by.subject, at: clock.iso(), comment: by.comment ?? null },
        status: 'running',
      },
      events: [{ type: `plan.${decision}`, ...event, data: { ...event.data, planHash } }],
    };
  });
  await deliverAnswers(record);
  return record;
}

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
    const { schedule, status } = current;
    return {
      set: {
        status: 'running',
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

/** Takes back what was done, from wherever the migration stands; before anything was done it is cancelled. */
export async function rollBack(id: string, by: By): Promise<MigrationRecord> {
  const record = await changeMigration(id, (current) => {
    assertPossible(current, 'rollback');
    const asked = { type: 'rollback.asked', actor: by.subject, data: withComment(by) };
    if (current.status === 'planned') {
      return { set: { status: 'cancelled', cancel: request(by) }, events: [asked] };
    }
    if (current.status === 'failed') {
      const execution = newExecution(id, 'rollback', (current.execution?.attempt ?? 0) + 1);
      return { set: { status: 'rolling_back', execution }, events: [asked] };
    }
    return { set: { cancel: request(by) }, events: [asked] };
  });
  if (record.status === 'rolling_back') return begin(record);
  if (record.status === 'cancelled') await releaseSchemaLock(record);
  await deliverAnswers(record);
  return record;
}

/** Takes a completed migration back. Throws Conflict, LaterMigrationStands, MigrationInProgress. */
export async function undo(id: string, by: By, acceptLosses: boolean): Promise<MigrationRecord> {
  const before = await readMigration(id);
  // A second word while the first undo waits: the losses are accepted after all.
  if (before.status === 'waiting_for_decision' && acceptLosses) return decide(id, by, 'approve', {});
  assertUndoable(before);
  await refuseWhenLaterStands(before);
  await takeSchemaLock(before);
  const record = await changeMigration(id, (current) => {
    assertUndoable(current);
    const execution = newExecution(id, 'undo', current.undoAttempts + 1);
    return undoBegun(current, execution, { by: by.subject, acceptLosses, comment: by.comment });
  });
  return begin(record);
}
