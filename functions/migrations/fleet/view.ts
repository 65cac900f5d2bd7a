import { authorMayApprove } from '#platform/approvals.ts';
import { notCounted } from '../access/approvals.ts';
import { nextFleetActions } from './actions.ts';
import { fleetApprovalsNeeded } from './decisions.ts';
import type { FleetRecord, FleetTarget, TargetRecord } from './records.ts';
import { summarise } from './report.ts';
import type { Fleet, FleetListItem, TargetStatus, TargetView } from './schemas.ts';
import { readTargetsBetween, sumOfFleet } from './stretches.ts';
import { readTargetList } from './target-list.ts';

const isoOf = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());
const waveName = ({ waves, wave }: FleetRecord): string | null => waves[wave]?.name ?? null;

/** Everything about one fleet, summed up from its record and its targets. */
export async function readFleetView(fleet: FleetRecord): Promise<Fleet> {
  const included = fleet.waves.at(-1)?.to ?? 0;
  const leftOut = included < fleet.targets ? await readTargetList(fleet.id, included, fleet.targets) : [];
  const summary = summarise(fleet, await sumOfFleet(fleet), leftOut);
  const { sample } = fleet;
  return {
    id: fleet.id,
    name: fleet.name,
    fileName: fleet.fileName,
    status: fleet.status,
    targets: fleet.selection,
    total: fleet.targets,
    wave: waveName(fleet),
    ...summary,
    halt: fleet.halt,
    halted: fleet.halted?.reason ?? null,
    concurrency: fleet.concurrency,
    bakeSeconds: fleet.bakeSeconds,
    bakeUntil: isoOf(fleet.bakeUntil),
    largeRows: fleet.largeRows,
    options: fleet.options,
    consents: fleet.consents,
    sample: {
      migration: sample.migrationId,
      database: sample.database,
      schema: sample.schema,
      plan: sample.plan,
    },
    approval: fleet.approval,
    approvalRequired: fleetApprovalsNeeded(fleet) > 0,
    approvals: approvalsOf(fleet),
    breakGlass: fleet.breakGlass,
    failure: fleet.failure,
    createdAt: fleet.createdAt,
    createdBy: fleet.createdBy,
    updatedAt: fleet.updatedAt,
    startedAt: fleet.startedAt,
    endedAt: fleet.endedAt,
    next: nextFleetActions(fleet, summary.counts.failed),
  };
}

function approvalsOf(fleet: FleetRecord): Fleet['approvals'] {
  const { approvals: given, createdBy: author, approval } = fleet;
  const needed = fleetApprovalsNeeded(fleet);
  const missing = approval === null ? Math.max(0, needed - given.length) : 0;
  const excluded = notCounted({ author, authorMayApprove: authorMayApprove(), given });
  return { needed, given, missing, notCounted: excluded };
}

export function fleetListItem(fleet: FleetRecord): FleetListItem {
  const { id, name, status, targets, createdAt, createdBy, updatedAt, breakGlass } = fleet;
  return {
    id,
    name,
    status,
    total: targets,
    wave: waveName(fleet),
    createdAt,
    createdBy,
    updatedAt,
    breakGlass,
  };
}

/** Targets read at once to find those in one status. */
const mostLooked = 1_000;

/** Targets in the order of the list, from a place in it on; `status` keeps only those that stand so. */
export async function readTargetViews(
  fleet: FleetRecord,
  { status, limit, from }: { status?: TargetStatus | undefined; limit: number; from: number },
): Promise<{ items: TargetView[]; next: number | undefined }> {
  // What has a record is asked of the table; the rest of the list is in the bucket.
  if (status !== undefined && status !== 'pending' && status !== 'excluded') {
    const items: TargetView[] = [];
    for (let at = from; at < fleet.targets; at += mostLooked) {
      for (const record of await readTargetsBetween(fleet.id, at, Math.min(at + mostLooked, fleet.targets))) {
        if (record.status !== status) continue;
        if (items.length === limit) return { items, next: record.index };
        items.push(viewOf(fleet, record, record));
      }
    }
    return { items, next: undefined };
  }
  const items: TargetView[] = [];
  for (let at = from; at < fleet.targets; at += limit) {
    const list = await readTargetList(fleet.id, at, Math.min(at + limit, fleet.targets));
    const records = await readTargetsBetween(fleet.id, at, at + list.length);
    const known = new Map(records.map((record) => [record.index, record]));
    for (const target of list) {
      const view = viewOf(fleet, target, known.get(target.index));
      if (status !== undefined && view.status !== status) continue;
      if (items.length === limit) return { items, next: target.index };
      items.push(view);
    }
    if (status === undefined) {
      const next = at + limit;
      return { items, next: next < fleet.targets ? next : undefined };
    }
  }
  return { items, next: undefined };
}

function viewOf(fleet: FleetRecord, target: FleetTarget, record: TargetRecord | undefined): TargetView {
  const wave = fleet.waves.find(({ from, to }) => target.index >= from && target.index < to);
  const began = record !== undefined && record.startedAt !== null;
  return {
    index: target.index,
    database: target.database,
    schema: target.schema,
    wave: wave?.name ?? 'none',
    status: record?.status ?? (target.excluded === undefined ? 'pending' : 'excluded'),
    attempt: record?.attempt ?? 1,
    migration: began ? record.migrationId : null,
    failure: record?.failure ?? null,
    reason: record?.reason ?? target.excluded ?? null,
    durationMs: record?.durationMs ?? null,
  };
}
