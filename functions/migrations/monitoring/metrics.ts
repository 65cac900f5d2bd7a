import { z } from 'zod';

/** How a metric is told to CloudWatch and to OpenTelemetry. */
interface Shown {
  /** As OpenTelemetry writes units (UCUM). */
  unit: 's' | 'ms' | '1' | 'By' | '{row}/s' | '{connection}';
  meaning: string;
}

/** Everything that is measured of a running migration; an alert rule watches one of these. */
export const metrics = {
  duration_seconds: { unit: 's', meaning: 'Since the migration was started' },
  phase_seconds: { unit: 's', meaning: 'Since the present phase began' },
  seconds_without_progress: { unit: 's', meaning: 'Since a checkpoint, a step or a phase was last told' },
  rows_per_second: { unit: '{row}/s', meaning: 'Rows filled or verified a second, over all ranges' },
  error_rate: { unit: '1', meaning: 'Share of the verified rows that were found wrong, 0 to 1' },
  lock_wait_ms: { unit: 'ms', meaning: 'Longest wait for a lock in the present phase' },
  lock_wait_share: { unit: '1', meaning: 'Share of tries that gave up waiting for a lock, 0 to 1' },
  p99_ms: { unit: 'ms', meaning: "p99 of the application's reads as the probe sees them" },
  p99_ratio: { unit: '1', meaning: 'That p99 over the one without the backfill' },
  replication_lag_ms: { unit: 'ms', meaning: 'Lag of the slowest replica' },
  target_behind_bytes: { unit: 'By', meaning: 'What the new database of a move has not applied yet' },
  source_behind_bytes: { unit: 'By', meaning: 'What the old database of a move has not applied yet' },
  replication_log_bytes: {
    unit: 'By',
    meaning: 'Log that one server of a move keeps for the other, at most',
  },
  worker_memory_bytes: { unit: 'By', meaning: 'Memory of the largest worker' },
  worker_connections: { unit: '{connection}', meaning: "Database connections of the backfill's workers" },
  soak_overdue_seconds: { unit: 's', meaning: 'Since the soak should have ended' },
  waiting_seconds: { unit: 's', meaning: 'Since it began to wait for the decision of a person' },
} as const satisfies Record<string, Shown>;

export const Metric = z.enum(
  // Object.keys forgets that these are the keys of a literal.
  Object.keys(metrics) as [keyof typeof metrics, ...(keyof typeof metrics)[]],
);
export type Metric = z.infer<typeof Metric>;

/** `idle`: says nothing in this phase. `missing`: it should be known and is not, and why. */
export type Reading =
  | { state: 'known'; value: number }
  | { state: 'missing'; why: string }
  | { state: 'idle' };

export type Readings = Record<Metric, Reading>;

/** A reading as it is shown: idle ones are left out. */
export const ShownReading = z
  .strictObject({
    metric: Metric,
    unit: z.string(),
    value: z.number().nullable(),
    missing: z.string().nullable().describe('Why the value is not known'),
  })
  .meta({ id: 'MetricReading' });

export type ShownReading = z.infer<typeof ShownReading>;

export function shownReadings(readings: Readings): ShownReading[] {
  return Metric.options.flatMap((metric): ShownReading[] => {
    const reading = readings[metric];
    const { unit } = metrics[metric];
    if (reading.state === 'idle') return [];
    return reading.state === 'known'
      ? [{ metric, unit, value: reading.value, missing: null }]
      : [{ metric, unit, value: null, missing: reading.why }];
  });
}
