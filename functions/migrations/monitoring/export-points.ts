import { clock } from '#platform/clock.ts';
import { exportPoints, wantsTelemetry } from '#platform/otlp/export.ts';
import type { PointData } from '#platform/otlp/messages.ts';
import type { InvocationLogger } from '#platform/telemetry.ts';
import type { MigrationRecord } from '../records.ts';
import { Metric, metrics, type Readings } from './metrics.ts';
import { namespaceReader } from './namespace.ts';

/** Sends what is known of every migration by its id, to whoever was configured. Never throws. */
export async function tellPoints(
  watched: readonly { record: MigrationRecord; readings: Readings }[],
  log: Pick<InvocationLogger, 'warn'>,
): Promise<void> {
  if (!wantsTelemetry() || watched.length === 0) return;
  const namespaceOf = namespaceReader();
  const points: PointData[] = [];
  try {
    for (const { record, readings } of watched)
      points.push(...pointsOf(record, readings, await namespaceOf(record)));
  } catch (error) {
    log.warn('metrics not read', { error: String(error) });
  }
  if (points.length > 0) await exportPoints(points, log);
}

function pointsOf(record: MigrationRecord, readings: Readings, namespace: string): PointData[] {
  const atMs = clock.now();
  const about = {
    'db.system.name': 'postgresql',
    'db.namespace': namespace,
    'theseus.migration.id': record.id,
    'theseus.migration.name': record.name,
    'theseus.database.name': record.databaseName,
    'theseus.phase': record.phase ?? undefined,
  };
  const point = (name: string, unit: string, description: string, value: number): PointData => ({
    name: `theseus.migration.${name}`,
    unit,
    description,
    value,
    atMs,
    attributes: about,
  });
  const firing = record.alerts.filter(({ severity }) => severity !== null).length;
  return [
    point('alerts', '{alert}', 'Alerts that fire', firing),
    ...Metric.options.flatMap((metric) => {
      const reading = readings[metric];
      const { unit, meaning } = metrics[metric];
      return reading.state === 'known' ? [point(metric, unit, meaning, reading.value)] : [];
    }),
  ];
}
