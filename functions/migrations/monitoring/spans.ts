import { createHash } from 'node:crypto';
import type { Attributes, SpanData } from '#platform/otlp/messages.ts';
import type { MigrationRecord, RangeRecord, StepRecord } from '../records.ts';
import type { MigrationEvent, MigrationFailure, PhaseRun } from '../schemas.ts';

/** What the spans of a migration are made of. */
export interface Told {
  record: MigrationRecord;
  /** Of the whole migration, oldest first. */
  events: MigrationEvent[];
  failures: MigrationFailure[];
  steps: StepRecord[];
  ranges: RangeRecord[];
  /** `<database>.<schema>`, as OpenTelemetry names what a PostgreSQL connection works in. */
  namespace: string;
}

/** How much of a migration was told: ended phases and executions, in their order. */
export interface SpanCounts {
  phases: number;
  executions: number;
}

/** What is written in the write that ends a phase has its time or a little later one, ms. */
const slackMs = 1_000;
const mostTextLength = 500;

/** What came before the lock belongs to the execution that takes it. */
const traceOf = (run: PhaseRun): number => Math.max(1, run.epoch);

const hex = (digits: number, ...parts: (string | number)[]): string =>
  createHash('sha256').update(parts.join('/')).digest('hex').slice(0, digits);
const traceIdOf = (id: string, trace: number): string => hex(32, id, trace, 'trace');
const rootIdOf = (id: string, trace: number): string => hex(16, id, trace, 'execution');

interface ExecutionRun {
  trace: number;
  phases: PhaseRun[];
  over: boolean;
}

/** Executions in their order. One is over when all of its phases are and nothing more can follow. */
function executionsOf({ phases, status }: Pick<MigrationRecord, 'phases' | 'status'>): ExecutionRun[] {
  const traces = [...new Set(phases.map(traceOf))].toSorted((a, b) => a - b);
  return traces.map((trace, index) => {
    const own = phases.filter((run) => traceOf(run) === trace);
    const waits = index === traces.length - 1 && status === 'scheduled';
    return { trace, phases: own, over: !waits && own.every(({ endedAt }) => endedAt !== null) };
  });
}

/** Everything that can be told of a migration by now. */
export function spanCounts(record: Pick<MigrationRecord, 'phases' | 'status'>): SpanCounts {
  const executions = executionsOf(record);
  const open = executions.findIndex(({ over }) => !over);
  return {
    phases: record.phases.filter(({ endedAt }) => endedAt !== null).length,
    executions: open < 0 ? executions.length : open,
  };
}

/**
 * The spans of a migration that `sent` does not count: one for each phase that ended, inside one for its execution,
 * which is a trace of its own. Made from what is stored and nothing else, so that telling it twice tells the same: ids
 * come from the migration, the epoch and the place of the phase.
 */
export function spansOf(told: Told, sent: SpanCounts): SpanData[] {
  const { record } = told;
  const executions = executionsOf(record);
  const due = spanCounts(record);
  const ended = record.phases.filter(({ endedAt }) => endedAt !== null);
  return [
    ...ended.slice(sent.phases).flatMap((run) => phaseSpan(told, run)),
    ...executions.slice(sent.executions, due.executions).flatMap((run) => executionSpan(told, run)),
  ];
}

const common = ({ record, namespace }: Told): Attributes => ({
  'db.system.name': 'postgresql',
  'db.namespace': namespace,
  'theseus.migration.id': record.id,
  'theseus.migration.name': record.name,
  'theseus.database.name': record.databaseName,
});

/** The last of its name that began before something happened. */
const startedBy = (run: PhaseRun, at: string): boolean => Date.parse(run.startedAt) <= Date.parse(at);

function failuresOf({ failures }: Told, run: PhaseRun): MigrationFailure[] {
  const end = Date.parse(run.endedAt ?? run.startedAt);
  return failures
    .filter(({ phase, at }) => phase === run.name && startedBy(run, at) && Date.parse(at) <= end + slackMs)
    .toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at));
}

/** Events belong to the phase that began last before them. */
function eventsOf({ record, events }: Told, run: PhaseRun): MigrationEvent[] {
  const next = record.phases[record.phases.indexOf(run) + 1];
  const end = Date.parse(run.endedAt ?? run.startedAt) + slackMs;
  return events.filter(
    ({ at }) => startedBy(run, at) && Date.parse(at) <= end && (next === undefined || !startedBy(next, at)),
  );
}

function shownValue(value: MigrationEvent['data'][string]): Attributes[string] {
  if (typeof value === 'string') return value.slice(0, mostTextLength);
  if (typeof value === 'number' || typeof value === 'boolean') return value;
  if (!Array.isArray(value)) return undefined;
  const texts = value.filter((each) => typeof each === 'string');
  return texts.length === 0 ? undefined : texts;
}

const shown = (data: MigrationEvent['data']): Attributes =>
  Object.fromEntries(Object.entries(data).map(([key, value]) => [`theseus.${key}`, shownValue(value)]));

function phaseSpan(told: Told, run: PhaseRun): SpanData[] {
  const { record } = told;
  if (run.endedAt === null) return [];
  const trace = traceOf(run);
  const failures = failuresOf(told, run);
  const [failure] = failures;
  const exceptions = failures.map(({ name, message, at, retries }) => ({
    name: 'exception',
    atMs: Date.parse(at),
    attributes: {
      'exception.type': name,
      'exception.message': message.slice(0, mostTextLength),
      'theseus.retries': retries ?? undefined,
    },
  }));
  const events = eventsOf(told, run).map(({ type, at, actor, data }) => ({
    name: type,
    atMs: Date.parse(at),
    attributes: { 'theseus.actor': actor, ...shown(data) },
  }));
  return [
    {
      traceId: traceIdOf(record.id, trace),
      spanId: hex(16, record.id, trace, 'phase', record.phases.indexOf(run)),
      parentSpanId: rootIdOf(record.id, trace),
      name: `migration ${run.name}`,
      startMs: Date.parse(run.startedAt),
      endMs: Date.parse(run.endedAt),
      attributes: {
        ...common(told),
        'theseus.phase': run.name,
        'theseus.epoch': run.epoch,
        ...workOf(told, run),
        'error.type': failure?.name,
      },
      events: [...events, ...exceptions].toSorted((a, b) => a.atMs - b.atMs),
      links: [],
      error: failure?.message.slice(0, mostTextLength) ?? null,
    },
  ];
}

const stages = { backfill: 'backfill', verify: 'verify', verify_published: 'verify-published' } as const;

/** What was done in a phase: its steps with their locks, or the rows of its ranges. */
function workOf({ steps, ranges }: Told, run: PhaseRun): Attributes {
  const end = Date.parse(run.endedAt ?? run.startedAt) + slackMs;
  const own = steps.filter(
    (step) => step.phase === run.name && startedBy(run, step.at) && Date.parse(step.at) <= end,
  );
  const stage = Object.entries(stages).find(([phase]) => phase === run.name)?.[1];
  const filled = ranges.filter((range) => range.stage === stage && range.epoch === run.epoch);
  const total = (values: number[]) => values.reduce((sum, value) => sum + value, 0);
  return {
    ...(own.length === 0
      ? {}
      : {
          'theseus.steps': own.length,
          'theseus.lock.attempts': total(own.map(({ attempts }) => attempts)),
          'theseus.lock.wait_ms': Math.max(...own.map(({ lockWaitMs }) => lockWaitMs)),
          'theseus.lock.hold_ms': Math.max(...own.map(({ lockHoldMs }) => lockHoldMs)),
        }),
    ...(filled.length === 0
      ? {}
      : {
          'theseus.rows.seen': total(filled.map(({ rowsSeen }) => rowsSeen)),
          'theseus.rows.written': total(filled.map(({ rowsWritten }) => rowsWritten)),
          'theseus.rows.wrong': total(filled.map(({ wrong }) => wrong)),
          'theseus.chunks': total(filled.map(({ chunks }) => chunks)),
          'theseus.chunks.retried': total(filled.map(({ lockWaits }) => lockWaits)),
        }),
  };
}

/** What an execution was for, by the phases it went through: the record names only the last one's. */
function kindOf({ record }: Told, { trace, phases }: ExecutionRun): string {
  if (trace === 1) return 'migration';
  if (phases.some(({ name }) => name === 'remove')) return 'removal';
  return record.completedAt === null ? 'rollback' : 'undo';
}

function executionSpan(told: Told, run: ExecutionRun): SpanData[] {
  const { record } = told;
  const [first] = run.phases;
  const last = run.phases.at(-1);
  if (first === undefined || last?.endedAt == null) return [];
  const [failure] = run.phases.flatMap((phase) => failuresOf(told, phase));
  const kind = kindOf(told, run);
  return [
    {
      traceId: traceIdOf(record.id, run.trace),
      spanId: rootIdOf(record.id, run.trace),
      name: kind === 'migration' ? 'migration' : `migration ${kind}`,
      startMs: Date.parse(first.startedAt),
      endMs: Date.parse(last.endedAt),
      attributes: {
        ...common(told),
        'theseus.execution': kind,
        'theseus.epoch': run.trace,
        'theseus.file': record.fileName,
        'theseus.author': record.createdBy,
        'theseus.risk': record.plan?.risk.level,
        'theseus.operations': record.plan?.operations.map(({ summary }) => summary),
        'error.type': failure?.name,
      },
      events: [],
      // The way back of something leads to what it takes back.
      links: run.trace === 1 ? [] : [{ traceId: traceIdOf(record.id, 1), spanId: rootIdOf(record.id, 1) }],
      error: failure?.message.slice(0, mostTextLength) ?? null,
    },
  ];
}
