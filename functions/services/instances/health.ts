import type { HealthCheck } from '../schemas.ts';
import type { Health, HealthStatus } from './records.ts';

/** What one probe found. */
export interface Probe {
  ok: boolean;
  detail: string;
  at: string;
}

const longestDetail = 200;

/**
 * Health after one more probe. So many good ones in a row end a failure, so many bad ones are one; of an instance that
 * nothing is known of, the first good one is enough.
 */
export function afterProbe(
  health: Health,
  { ok, detail, at }: Probe,
  { healthyAfter, unhealthyAfter }: Pick<HealthCheck, 'healthyAfter' | 'unhealthyAfter'>,
): Health {
  const good = ok ? health.good + 1 : 0;
  const bad = ok ? 0 : health.bad + 1;
  const passes = good >= (health.status === 'unknown' ? 1 : healthyAfter);
  const fails = bad >= unhealthyAfter;
  const status: HealthStatus = passes ? 'passing' : fails ? 'failing' : health.status;
  return {
    status,
    good,
    bad,
    checkedAt: at,
    changedAt: status === health.status ? health.changedAt : at,
    detail: detail.slice(0, longestDetail),
  };
}
