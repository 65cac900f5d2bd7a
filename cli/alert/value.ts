import type { MigrationAlert } from '#migrations/alerts/state.ts';
import { metrics } from '#migrations/monitoring/metrics.ts';

/** `seconds_without_progress 720 s`, and that it is the last known where nothing newer is. */
export function alertValue({ metric, value, missing }: MigrationAlert): string {
  const { unit } = metrics[metric];
  const shown = value === null ? 'unknown' : `${value}${unit === 's' || unit === 'ms' ? ` ${unit}` : ''}`;
  return `${metric} ${shown}${missing === null ? '' : ' (last known)'}`;
}
