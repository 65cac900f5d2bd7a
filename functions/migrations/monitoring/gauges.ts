import type { GaugeUnit, InvocationMetrics } from '#platform/telemetry.ts';
import type { MigrationRecord } from '../records.ts';
import { Metric, metrics, type Readings } from './metrics.ts';

const units: Record<(typeof metrics)[Metric]['unit'], GaugeUnit> = {
  s: 'seconds',
  ms: 'milliseconds',
  '1': 'none',
  By: 'bytes',
  '{row}/s': 'count/second',
  '{connection}': 'count',
};

/** `rows_per_second` → `RowsPerSecond`: how CloudWatch's metrics are written. */
export const cloudWatchName = (metric: string): string =>
  metric.replaceAll(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase());

/**
 * What is known of every migration, in CloudWatch by phase: a migration's id would be a paid metric for each. Its
 * statistics (maximum, p99, sum) are over all migrations of a phase.
 */
export function reportGauges(
  watched: readonly { record: MigrationRecord; readings: Readings }[],
  to: Pick<InvocationMetrics, 'gauge'>,
): void {
  for (const { record, readings } of watched) {
    if (record.phase === null) continue;
    const dimension = { name: 'phase', value: record.phase };
    to.gauge(dimension, 'Migrations', 'count', 1);
    for (const metric of Metric.options) {
      const reading = readings[metric];
      if (reading.state !== 'known') continue;
      to.gauge(dimension, cloudWatchName(metric), units[metrics[metric].unit], reading.value);
    }
  }
}
