import { readArtifact } from '#platform/artifacts.ts';
import { clock } from '#platform/clock.ts';
import { DeadlineNear, type TaskTools } from '#platform/task.ts';
import { readPlan } from '../artifacts.ts';
import { backUpDefinitions } from '../databases/definitions.ts';
import { publishVersion } from '../databases/publishing.ts';
import { runOptions, withTarget } from '../databases/target.ts';
import { finish } from '../decisions/completion.ts';
import { assertConsents } from '../decisions/consents.ts';
import { approvalsNeeded } from '../decisions/policy.ts';
import { ApprovalMissing, ExecutionSuperseded } from '../errors.ts';
import { enterPhase, phasesAfter } from '../executions/history.ts';
import { takeLease } from '../executions/lease.ts';
import { remembered } from '../executions/memory.ts';
import { runPhase } from '../executions/phase-steps.ts';
import { takeSchemaLock } from '../executions/schema-lock.ts';
import { executionNameOf } from '../executions/workflow.ts';
import {
  applyChange,
  changeMigration,
  createMigration,
  findMigration,
  readMigration,
} from '../migration-store.ts';
import type { Plan, Step } from '../plan/schemas.ts';
import { keepPlan, planNow, storePlan } from '../planning/planning.ts';
import { assertValid } from '../planning/validation.ts';
import { type MigrationRecord, newRecord } from '../records.ts';
import { backUpPhase } from '../rows/back-up-phase.ts';
import { checkRange } from '../rows/check.ts';
import { fillRange } from '../rows/fill.ts';
import { planRanges } from '../rows/plan-ranges.ts';
import type { Phase } from '../schemas.ts';
import { removalTime } from '../undo/undo-window.ts';
import type { BatchTarget, FleetRecord } from './records.ts';
import { migrationIdOf } from './store.ts';

// What migration.asl.json does in one execution, done for one small target inside an invocation that does many: the
// same functions in the same order, each phase in the target's own record, so that view, undo, removal and rollback are
// those of any migration.

interface Work {
  fleet: FleetRecord;
  target: BatchTarget;
  /** Of the fleet: it acts for every target. */
  executionArn: string;
  tools: TaskTools;
}

/**
 * Carries one target from its plan to its completion, from wherever an earlier run left it. `large`: it is planned, and
 * has too many rows to be done here. Throws what any phase throws.
 */
export async function migrateTarget(work: Work): Promise<'done' | 'large'> {
  const { fleet, tools, executionArn } = work;
  const planned = await plannedTarget(work);
  if (planned.status === 'completed') return 'done';
  const plan = await readPlan(planned);
  if (planned.status === 'planned') {
    assertConsents(planned, fleet.consents);
    assertApproved(fleet, planned);
    if (rowsIn(plan) > fleet.largeRows) return 'large';
    await assertValid(planned, plan, runOptions(tools));
    await takeSchemaLock(planned);
  }
  const id = planned.id;
  await actFor(id, fleet, executionArn);
  const lease = await takeLease(id, 'migration', executionArn);
  if (lease.status !== 'acquired') throw superseded(id, executionArn);
  try {
    await runPhases(lease.record, plan, tools);
  } catch (error) {
    // Whoever takes the target back has to know how far it came.
    await remembered()?.postponed.get(id)?.keep();
    throw error;
  }
  return 'done';
}

/** Rows that have to be filled or looked at. */
const rowsIn = (plan: Plan): number =>
  [...plan.backfill, ...plan.verify].reduce((most, { estimatedRows }) => Math.max(most, estimatedRows), 0);

const superseded = (id: string, executionArn: string) =>
  new ExecutionSuperseded(`Another execution acts for migration ${id}`, { evidence: { id, executionArn } });

function assertApproved(fleet: FleetRecord, record: MigrationRecord): void {
  const needed = approvalsNeeded(fleet.approvalRule, fleet.approvers, record);
  // A fleet that an earlier version stored has an approval and no list of them.
  const given = Math.max(fleet.approvals.length, fleet.approval === null ? 0 : 1);
  if (given >= needed || fleet.breakGlass.length > 0) return;
  const target = `${record.databaseName}/${record.schema}`;
  throw new ApprovalMissing(`The plan of ${target} needs ${needed} approvals, the fleet has ${given}`, {
    evidence: { risk: record.plan?.risk, needed, given },
    action: `Approve the fleet: theseus migration fleet approve ${fleet.id}, then redrive it`,
  });
}

/** The migration of the target, planned for its own database and schema as they are now. */
async function plannedTarget({ fleet, target }: Work): Promise<MigrationRecord> {
  const id = migrationIdOf(fleet.id, target, target.attempt);
  const found = await findMigration(id);
  if (found !== undefined && found.status !== 'planning') return found;
  const { fileName, options, consents, fileKey, name } = fleet;
  const record =
    found ??
    newRecord({
      id,
      name,
      database: { id: target.databaseId, name: target.database, schema: target.schema },
      // The fleet's waves are the soak.
      body: { fileName, options: { ...options, soakSeconds: 0 }, consents },
      fileKey,
      by: fleet.createdBy,
      at: clock.iso(),
    });
  const plan = async () => planNow(record, await readArtifact(fileKey));
  if (found !== undefined) {
    await keepPlan(record, await plan(), []);
    return readMigration(id);
  }
  // Stored once it is planned: one write instead of two. What cannot be planned is stored as it is, to be rejected.
  const planned = await plan()
    .then((made) => storePlan(record, made, []))
    .then(({ change }) => applyChange(record, change))
    .catch(async (error: unknown) => {
      await createMigration(record);
      throw error;
    });
  if (await createMigration(planned)) return planned;
  return readMigration(id);
}

/** Makes the fleet's execution the one that acts; one that died before it is followed by its successor. */
async function actFor(id: string, fleet: FleetRecord, executionArn: string): Promise<void> {
  const name = executionNameOf(executionArn);
  await changeMigration(id, (record) => {
    const acting = record.execution;
    if (acting?.name === name && acting.kind === 'migration') return undefined;
    const begins = record.status === 'planned';
    if (!begins && !(record.status === 'running' && acting?.kind === 'migration')) {
      throw superseded(id, executionArn);
    }
    return {
      set: {
        status: 'running',
        execution: {
          kind: 'migration',
          name,
          arn: executionArn,
          attempt: (acting?.attempt ?? 0) + 1,
          startedAt: clock.now(),
        },
        ...(fleet.approval === null ? {} : { approval: { decision: 'approved', ...fleet.approval } }),
        approvals: fleet.approvals,
        breakGlass: fleet.breakGlass,
        phase: 'validate',
        phases: phasesAfter(record.phases, 'validate', record.epoch, clock.iso()),
      },
      events: begins
        ? [
            {
              type: 'migration.started',
              actor: fleet.createdBy,
              data: { planHash: record.plan?.hash ?? '', fleet: fleet.id },
            },
          ]
        : [],
    };
  });
}

async function runPhases(record: MigrationRecord, plan: Plan, tools: TaskTools): Promise<void> {
  const { id, epoch } = record;
  const input = { migrationId: id, epoch };
  const once = oncePerEpoch(record, tools);
  const steps = (phase: Phase, stepsOf: (plan: Plan) => Step[]) =>
    once(phase, async () => {
      if (stepsOf(plan).length > 0) await untilDone(() => runPhase(input, phase, stepsOf, tools), tools);
    });

  await once('lock', () =>
    withTarget(record, 'lock', (engine) =>
      engine.takeFence({ migration: id, epoch }, { name: record.name, schema: record.schema, phase: 'lock' }),
    ),
  );
  await once('back_up_definitions', () => backUpDefinitions(id, epoch));
  if (record.options.backUpRows) {
    await once('back_up_rows', () => untilDone(() => backUpPhase(input, 'before', tools), tools));
  }
  await steps('expand', (all) => all.expand);
  await once('backfill', () => fill(input, plan, tools));
  await steps('index', (all) => all.index);
  await steps('constrain', (all) => all.constrain);
  await once('verify', () => verify(input, 'verify', plan, tools));
  await once('publish', async () => {
    await enterPhase(id, epoch, 'publish');
    await publishVersion(input, tools);
  });
  await once('verify_published', () => verify(input, 'verify-published', plan, tools));
  await steps('contract', (all) => all.contract);
  await once('complete', async () => {
    await enterPhase(id, epoch, 'complete', { removalAt: removalTime(record) }, { postponable: true });
    await finish(id, epoch, 'completed');
  });
}

type Input = { migrationId: string; epoch: number };

async function fill(input: Input, plan: Plan, tools: TaskTools): Promise<void> {
  if (plan.backfill.length === 0) return;
  const { items } = await planRanges({ ...input, stage: 'backfill', pass: 1 });
  for (const item of items) {
    await untilDone(async () => {
      const { status } = await fillRange({ ...input, pass: 1, item }, runOptions(tools));
      return { status: status === 'done' ? 'done' : 'running' };
    }, tools);
  }
}

/** Passes over every row until one found all of them right; planRanges gives up after the third. */
async function verify(
  input: Input,
  stage: 'verify' | 'verify-published',
  plan: Plan,
  tools: TaskTools,
): Promise<void> {
  if (plan.verify.length === 0) return;
  for (let pass = 1; ; pass += 1) {
    const { clean, items } = await planRanges({ ...input, stage, pass });
    if (clean) return;
    for (const item of items) {
      await untilDone(async () => {
        const status = await checkRange({ ...input, stage, pass, item }, runOptions(tools));
        return { status: status === 'done' ? 'done' : 'running' };
      }, tools);
    }
  }
}

/** Runs a phase unless an earlier run of this very epoch has left it behind: those are not entered again. */
export function oncePerEpoch(
  { phases, epoch }: MigrationRecord,
  tools: TaskTools,
): (phase: Phase, work: () => Promise<unknown>) => Promise<void> {
  const over = new Set(
    phases.flatMap((run) => (run.epoch === epoch && run.endedAt !== null ? [run.name] : [])),
  );
  return async (phase, work) => {
    tools.signal.throwIfAborted();
    if (!over.has(phase)) await work();
  };
}

const lookAgainMs = 200;

/** Calls again while a long statement goes on in the database. Throws DeadlineNear when the invocation ends first. */
export async function untilDone(
  work: () => Promise<{ status: 'done' | 'running' }>,
  tools: TaskTools,
): Promise<void> {
  const { until } = runOptions(tools);
  for (;;) {
    tools.signal.throwIfAborted();
    if ((await work()).status === 'done') return;
    if (clock.now() >= until) throw new DeadlineNear('A target of the fleet goes on in the next invocation');
    await clock.sleep(lookAgainMs, tools.signal);
  }
}
