import { clock } from '#platform/clock.ts';
import type { NewEvent } from '#platform/workflow-record.ts';
import { ExecutionSuperseded, MigrationCancelled } from '../errors.ts';
import { leaseMs } from '../functions.ts';
import { changeMigration } from '../migration-store.ts';
import { changeAtEndOfPhase } from '../monitoring/changes.ts';
import type { MigrationRecord } from '../records.ts';
import type { Phase, PhaseRun } from '../schemas.ts';

/** Ends the phase that runs, if any, and begins another. Entering the phase that runs changes nothing. */
export function phasesAfter(phases: PhaseRun[], next: Phase | null, epoch: number, at: string): PhaseRun[] {
  const running = phases.at(-1);
  if (running && running.endedAt === null && running.name === next && running.epoch === epoch) return phases;
  const ended = phases.map((run) => (run.endedAt === null ? { ...run, endedAt: at } : run));
  return next === null ? ended : [...ended, { name: next, startedAt: at, endedAt: null, epoch }];
}

/**
 * Refuses to act with old knowledge. Throws ExecutionSuperseded when another execution has taken over or the phase
 * is over, and MigrationCancelled when a rollback was asked for while the migration ran.
 */
export function assertActing(record: MigrationRecord, epoch: number, phase: Phase): void {
  if (record.lease === null || record.lease.epoch !== epoch) {
    throw new ExecutionSuperseded(`Epoch ${epoch} does not act for migration ${record.id} any more`, {
      evidence: { id: record.id, epoch, found: record.lease?.epoch ?? null, status: record.status },
    });
  }
  // The way back begins anew with a count, as often as rows refuse its constraints.
  const counts = record.phases.findLastIndex((run) => run.name === 'count_losses' && run.epoch === epoch);
  const runs = record.phases
    .slice(Math.max(0, counts))
    .filter((run) => run.name === phase && run.epoch === epoch);
  if (phase === 'count_losses' && record.returning?.decision === 'retry') return;
  if (runs.length > 0 && runs.every((run) => run.endedAt !== null)) {
    throw new ExecutionSuperseded(`Phase ${phase} of migration ${record.id} is over`, {
      evidence: { id: record.id, phase, now: record.phase },
    });
  }
  assertWanted(record);
}

/** Throws MigrationCancelled when a rollback was asked for while the migration ran. */
export function assertWanted(record: MigrationRecord): void {
  if (record.cancel !== null && (record.execution === null || record.execution.kind === 'migration')) {
    throw new MigrationCancelled(`${record.cancel.by} asked for a rollback of migration ${record.id}`, {
      evidence: { by: record.cancel.by, at: record.cancel.at, comment: record.cancel.comment },
    });
  }
}

const renewBeforeMs = leaseMs - 60_000;

/**
 * Every task behind the lock begins here: checks that this epoch acts, enters the phase and renews the lease.
 * `set` is written on entering. `postponable` as of a change. Throws ExecutionSuperseded, MigrationCancelled.
 */
export function enterPhase(
  id: string,
  epoch: number,
  phase: Phase,
  set: Partial<MigrationRecord> = {},
  { postponable = false } = {},
): Promise<MigrationRecord> {
  return changeMigration(id, (record) => {
    assertActing(record, epoch, phase);
    const now = clock.now();
    const entering = record.phase !== phase || record.phases.at(-1)?.endedAt !== null;
    const expiring = record.lease !== null && record.lease.expiresAt < now + renewBeforeMs;
    if (!entering && !expiring) return undefined;
    return {
      set: {
        lease: record.lease && { ...record.lease, expiresAt: now + leaseMs },
        ...(entering ? { ...set, phase, phases: phasesAfter(record.phases, phase, epoch, clock.iso()) } : {}),
      },
      events: entering ? entered(record, phase) : [],
      postponable,
    };
  });
}

/** What entering a phase tells: the change that the one before it made, if clients notice any. */
const entered = (record: MigrationRecord, phase: Phase): NewEvent[] => [
  ...changeAtEndOfPhase(record),
  { type: 'phase.entered', actor: 'theseus', data: { phase } },
];

/** A phase before the lock, or one that waits: entered without a lease. */
export function enterUnlockedPhase(
  id: string,
  phase: Phase,
  set: Partial<MigrationRecord> = {},
): Promise<MigrationRecord> {
  return changeMigration(id, (record) => {
    assertWanted(record);
    const entering = record.phase !== phase || record.phases.at(-1)?.endedAt !== null;
    if (!entering && Object.keys(set).length === 0) return undefined;
    const events = entering ? entered(record, phase) : [];
    const phases = phasesAfter(record.phases, phase, record.epoch, clock.iso());
    // Its time has come.
    const started = record.status === 'scheduled' ? { status: 'running' as const, waitsUntil: null } : {};
    return { set: { ...started, ...set, phase, phases }, events };
  });
}
