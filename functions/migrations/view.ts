import { authorMayApprove } from '#platform/approvals.ts';
import { clock } from '#platform/clock.ts';
import { notCounted } from './access/approvals.ts';
import { shownAlert } from './alerts/state.ts';
import { backupId } from './backups/catalogue.ts';
import { nextActions } from './decisions/actions.ts';
import { readFailures } from './executions/failures.ts';
import { readBackups, readRangePlan, readRangesOfAllStages, readSteps } from './executions/progress.ts';
import { shownReadings } from './monitoring/metrics.ts';
import { readingsOf } from './monitoring/readings.ts';
import type { BackupRecord, MigrationRecord, RangePlan, RangeRecord, Stage, StepRecord } from './records.ts';
import type { Migration, MigrationFailure, MigrationListItem, Progress } from './schemas.ts';
import { searchPath } from './sql/identifiers.ts';

const shownFailures = 20;
/** A rate older than this says nothing about now, ms. */
const freshMs = 15_000;

/** Everything about one migration, summed up from its record and the items beside it. */
export async function readView(record: MigrationRecord): Promise<Migration> {
  const stage = shownStage(record);
  const [ranges, steps, backups, failures] = await Promise.all([
    readRangesOfAllStages(record.id),
    readSteps(record.id),
    readBackups(record.id),
    readFailures(record.id, shownFailures),
  ]);
  const of = (wanted: Stage) => ranges.filter((range) => range.stage === wanted);
  const shown = of(stage);
  const pass = Math.max(1, ...shown.map((range) => range.pass));
  // Tables are loaded one level after the other: what is done stays in sight.
  const passes = stage === 'load' ? Array.from({ length: pass }, (_, before) => before + 1) : [pass];
  const plans = await Promise.all(passes.map((one) => readRangePlan(record.id, stage, one)));
  return viewOf(record, {
    filled: [...of('backfill'), ...of('load')],
    verified: [...of('verify'), ...of('verify-published'), ...of('compare')],
    shown: shown.filter((range) => passes.includes(range.pass)),
    planned: plans.flatMap((one) => (one?.ranges ?? []).map((range) => ({ ...range, pass: one?.pass ?? 1 }))),
    steps,
    backups,
    failures,
    now: clock.now(),
  });
}

type ShownStage = Extract<Stage, 'backfill' | 'verify' | 'verify-published' | 'load' | 'compare'>;

/** The rows whose progress matters now. */
function shownStage({ phase, kind }: MigrationRecord): ShownStage {
  if (kind === 'data') return phase === 'verify' ? 'compare' : 'load';
  if (phase === 'verify') return 'verify';
  return phase === 'verify_published' ? 'verify-published' : 'backfill';
}

interface Items {
  filled: RangeRecord[];
  verified: RangeRecord[];
  shown: RangeRecord[];
  planned: (RangePlan['ranges'][number] & { pass: number })[];
  steps: StepRecord[];
  backups: BackupRecord[];
  failures: MigrationFailure[];
  /** Epoch ms. */
  now: number;
}

const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);
const some = ({ rows }: { rows: number }): boolean => rows > 0;
const largest = (values: (number | null)[]): number | null => {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : Math.max(...known);
};

export function viewOf(record: MigrationRecord, items: Items): Migration {
  const { id, plan, undo } = record;
  const { filled, verified, steps } = items;
  const published = record.publishedAt !== null && plan !== null;
  const standing = published && !['rolled_back', 'undone'].includes(record.status);
  const working = filled.filter((range) => range.status === 'working');
  const pace = (working.at(-1) ?? filled.at(-1))?.pace ?? null;
  return {
    ...listItemOf(record),
    phases: record.phases,
    fileName: record.fileName,
    options: record.options,
    consents: record.consents,
    plan,
    versionSchema: standing ? plan.versionSchema : null,
    clientPath: standing ? searchPath(plan.versionSchema, record.schema) : null,
    login: standing ? (record.login ?? null) : null,
    progress: progressOf(items),
    locks: {
      longestWaitMs: largest(steps.map((step) => step.lockWaitMs)) ?? 0,
      longestHoldMs: largest(steps.map((step) => step.lockHoldMs)) ?? 0,
      attempts: sum(steps.map((step) => step.attempts)),
    },
    probe: {
      baselineP99Ms: largest(filled.map((range) => range.baselineP99Ms)),
      p99Ms: largest((working.length > 0 ? working : filled).map((range) => range.probeP99Ms)),
    },
    pace,
    metrics: shownReadings(readingsOf(record, { ranges: items.shown, steps, now: items.now })),
    alerts: record.alerts.map(shownAlert),
    verification: {
      rowsChecked: sum(verified.map((range) => range.rowsSeen)),
      wrong: sum(verified.map((range) => range.wrong)),
      repaired: sum(verified.map((range) => range.repaired)),
      passes: new Set(verified.map((range) => `${range.stage} ${range.pass}`)).size,
    },
    refused: record.kind === 'data' ? { records: record.openErrors } : null,
    unexpected: unexpectedIn(verified),
    approval: approvalOf(record),
    losses: undo?.losses?.filter(some).map(({ table, columns, rows }) => ({ table, columns, rows })) ?? null,
    cannotReturn: (record.returning?.refused ?? []).map(({ id: _id, notValid, ...refused }) => ({
      ...refused,
      decision: notValid ? ('not_valid' as const) : ('waiting' as const),
    })),
    wayBack: record.wayBack,
    backups: items.backups
      .filter((each) => some(each) && each.deletion === null)
      .map(({ purpose, table, rows, bytes, location, at }) => ({
        id: backupId(id, location),
        purpose,
        table,
        rows,
        bytes,
        location,
        at,
      })),
    schedule: record.schedule && { at: record.schedule.at, windows: record.schedule.windows },
    waitsUntil: waitsUntil(record, items.now),
    soakUntil: record.soakUntil,
    failure: record.failure,
    errors: items.failures,
    differences: record.differences,
    blueGreen: record.blueGreen,
    next: nextActions(record),
    links: {
      self: `/migrations/${id}`,
      plan: `/migrations/${id}/plan`,
      events: `/migrations/${id}/events`,
      backups: `/migrations/${id}/backups`,
      database: `/databases/${record.databaseId}`,
    },
  };
}

/** As the last comparison found them, by table. */
function unexpectedIn(verified: RangeRecord[]): Migration['unexpected'] {
  const compared = verified.filter(({ stage }) => stage === 'compare');
  const last = Math.max(0, ...compared.map(({ pass }) => pass));
  const found = compared.filter(({ pass, unexpectedRows }) => pass === last && unexpectedRows > 0);
  return [...new Set(found.map(({ table }) => table))].map((table) => {
    const own = found.filter((range) => range.table === table);
    return {
      table,
      rows: sum(own.map(({ unexpectedRows }) => unexpectedRows)),
      keys: own.flatMap(({ unexpected }) => unexpected).slice(0, 100),
    };
  });
}

/** What a range that waits for a window wrote is true until somebody pauses, goes back, or the window opens. */
function waitsUntil({ status, phase, waitsUntil: until }: MigrationRecord, now: number): string | null {
  const waits = status === 'scheduled' || (status === 'running' && phase === 'backfill');
  return waits && until !== null && Date.parse(until) > now ? until : null;
}

/** The decision on the plan, how many have approved it and who else can. */
function approvalOf(record: MigrationRecord): Migration['approval'] {
  const { approval, approvals: given, approvalsNeeded: needed, createdBy: author } = record;
  if (approval === null) return null;
  const missing = approval.decision === 'waiting' ? Math.max(0, needed - given.length) : 0;
  const excluded = notCounted({ author, authorMayApprove: authorMayApprove(), given });
  return { ...approval, needed, given, missing, notCounted: excluded };
}

export function listItemOf(record: MigrationRecord): MigrationListItem {
  return {
    id: record.id,
    kind: record.kind,
    name: record.name,
    database: { id: record.databaseId, name: record.databaseName },
    schema: record.schema,
    status: record.status,
    phase: record.phase,
    createdAt: record.createdAt,
    createdBy: record.createdBy,
    updatedAt: record.updatedAt,
    completedAt: record.completedAt,
    removalAt: record.removalAt,
    breakGlass: record.breakGlass,
  };
}

/** Totals are estimates until a range has seen its end. */
function progressOf({ shown, planned, filled, now }: Items): Progress {
  const seen = new Map(shown.map((range) => [`${range.pass}/${range.work}/${range.range}`, range]));
  const rows = planned.map((part) => {
    const range = seen.get(`${part.pass}/${part.work}/${part.range}`);
    const done = range?.rowsSeen ?? 0;
    const ended = range?.status === 'done';
    return { table: part.table, done, total: ended ? done : Math.max(done, part.estimatedRows), ended };
  });
  const rowsDone = sum(rows.map((row) => row.done));
  const rowsTotal = sum(rows.map((row) => row.total));
  const working = shown.filter((range) => range.status === 'working' && range.updatedAt > now - freshMs);
  const rate = sum((working.length > 0 ? working : shown).map((range) => range.rowsPerSecond));
  const left = rowsTotal - rowsDone;
  const ended = rows.length > 0 && rows.every((row) => row.ended);
  return {
    rowsDone,
    rowsTotal,
    rowsWritten: sum(filled.map((range) => range.rowsWritten)),
    rowsPerSecond: Math.round(rate * 10) / 10,
    secondsLeft: ended ? 0 : rate > 0 ? Math.round(left / rate) : null,
    chunks: sum(filled.map((range) => range.chunks)),
    perTable: [...new Set(rows.map((row) => row.table))].map((table) => {
      const own = rows.filter((row) => row.table === table);
      return {
        table,
        rowsDone: sum(own.map((row) => row.done)),
        rowsTotal: sum(own.map((row) => row.total)),
        ranges: own.length,
        rangesDone: own.filter((row) => row.ended).length,
      };
    }),
  };
}
