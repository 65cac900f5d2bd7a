import { clock } from '#platform/clock.ts';
import { exportSpans, wantsTelemetry } from '#platform/otlp/export.ts';
import type { SpanData } from '#platform/otlp/messages.ts';
import type { InvocationLogger } from '#platform/telemetry.ts';
import { readFailures } from '../executions/failures.ts';
import { readRangesOfAllStages, readSteps } from '../executions/progress.ts';
import type { MigrationRecord } from '../records.ts';
import { MigrationEvent } from '../schemas.ts';
import { keys, readAll } from '../store.ts';
import { namespaceReader } from './namespace.ts';
import { spanCounts, spansOf } from './spans.ts';

/** How long spans are tried to be sent before they are given up, ms. */
const patienceMs = 3_600_000;
const mostFailures = 100;

type Spans = MigrationRecord['spans'];

/** What of these migrations has to be told, told at once. Returns what each record says of it from now on. Never throws. */
export async function tellSpans(
  records: readonly MigrationRecord[],
  log: Pick<InvocationLogger, 'warn'>,
): Promise<Map<string, Spans>> {
  if (!wantsTelemetry()) return new Map();
  const due = records.filter((record) => {
    const { phases, executions } = spanCounts(record);
    return phases > record.spans.phases || executions > record.spans.executions;
  });
  if (due.length === 0) return new Map();
  const sent = await gather(due).then(
    (spans) => exportSpans(spans, log),
    (error: unknown) => {
      log.warn('spans not read', { error: String(error) });
      return 'failed' as const;
    },
  );
  if (sent === 'off') return new Map();
  return new Map(due.map((record) => [record.id, after(record, sent === 'sent')]));
}

async function gather(records: readonly MigrationRecord[]): Promise<SpanData[]> {
  const namespaceOf = namespaceReader();
  const all: SpanData[] = [];
  for (const record of records) {
    const [stored, failures, steps, ranges, namespace] = await Promise.all([
      readAll(MigrationEvent, keys.migration(record.id).pk, 'EVENT#'),
      readFailures(record.id, mostFailures),
      readSteps(record.id),
      readRangesOfAllStages(record.id),
      namespaceOf(record),
    ]);
    const known = new Set(stored.map(({ sequence }) => sequence));
    const events = [...stored, ...record.outbox.filter(({ sequence }) => !known.has(sequence))];
    all.push(...spansOf({ record, events, failures, steps, ranges, namespace }, record.spans));
  }
  return all;
}

function after(record: MigrationRecord, sent: boolean): Spans {
  const { retryUntil } = record.spans;
  const given = retryUntil !== null && retryUntil <= clock.now();
  if (sent || given) return { ...spanCounts(record), retryUntil: null };
  return { ...record.spans, retryUntil: retryUntil ?? clock.now() + patienceMs };
}
