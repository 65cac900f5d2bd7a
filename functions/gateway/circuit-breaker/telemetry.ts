import { invocationMetrics } from '#platform/telemetry.ts';

/** What is reported of a breaker. */
export type BreakerMetric =
  | 'CircuitOpened'
  | 'CircuitClosed'
  | 'CircuitProbes'
  | 'CircuitRefused'
  | 'CircuitTableUnreachable';
/** Takes how often something happened, at most about once a second for what happens to every call. */
export type BreakerReport = (metric: BreakerMetric, count: number) => void;

/** CloudWatch's embedded metric format, by the name of the breaker: a metric exists only in hours in which something happened. */
export const cloudWatchReport =
  (name: string): BreakerReport =>
  (metric, count) => {
    const { metrics, publish } = invocationMetrics('circuit-breaker');
    metrics.gauge({ name: 'circuitBreaker', value: name }, metric, 'count', count);
    publish();
  };
