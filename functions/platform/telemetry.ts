import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import type { MiddlewareObj } from '@middy/core';
import { redactingReplacer } from './redact.ts';

/** What a handler may say about itself; secrets are cut out of every entry. */
export type InvocationLogger = Pick<Logger, 'debug' | 'info' | 'warn' | 'error' | 'appendKeys'>;

export interface InvocationMetrics {
  /** Adds `value` (default 1) to a counter, reported when the invocation ends. */
  count(name: string, value?: number): void;
  /** Reports a length in ms. */
  duration(name: string, ms: number): void;
  /**
   * Reports what was measured just now, under a dimension besides those of every metric. What CloudWatch keeps is paid
   * by name and value of dimensions: a value must be one of a few, never an id.
   */
  gauge(dimension: { name: string; value: string }, name: string, unit: GaugeUnit, value: number): void;
}

export type GaugeUnit = keyof typeof gaugeUnits;
const gaugeUnits = {
  none: MetricUnit.NoUnit,
  count: MetricUnit.Count,
  seconds: MetricUnit.Seconds,
  milliseconds: MetricUnit.Milliseconds,
  bytes: MetricUnit.Bytes,
  'count/second': MetricUnit.CountPerSecond,
} as const;

const inLambda = (): boolean => process.env.AWS_LAMBDA_FUNCTION_NAME !== undefined;

/** Outside Lambda nothing is printed unless a level was asked for. */
const silentByDefault = (): boolean =>
  !inLambda() && !process.env.POWERTOOLS_LOG_LEVEL && !process.env.LOG_LEVEL;

/**
 * A logger of one invocation. One is made each time, because on a laptop many invocations share one
 * process and a shared logger would mix their ids.
 */
export function invocationLogger(
  service: string,
  keys: Record<string, string | undefined>,
): InvocationLogger {
  return new Logger({
    serviceName: service,
    persistentKeys: keys,
    jsonReplacerFn: redactingReplacer,
    ...(silentByDefault() ? { logLevel: 'SILENT' as const } : {}),
  });
}

/** Metrics of one invocation and the function that publishes them at its end. Outside Lambda they go nowhere. */
export function invocationMetrics(service: string): { metrics: InvocationMetrics; publish: () => void } {
  if (!inLambda()) {
    return { metrics: { count: () => {}, duration: () => {}, gauge: () => {} }, publish: () => {} };
  }
  // Environments may share an account, and an alarm is about one of them.
  const environment = process.env.THESEUS_ENVIRONMENT;
  const withDimensions = (more: Record<string, string>) =>
    new Metrics({
      namespace: 'Theseus',
      serviceName: service,
      defaultDimensions: { ...(environment === undefined ? {} : { environment }), ...more },
    });
  const metrics = withDimensions({});
  const gauges = new Map<string, Metrics>();
  return {
    metrics: {
      count: (name, value = 1) => metrics.addMetric(name, MetricUnit.Count, value),
      duration: (name, ms) => metrics.addMetric(name, MetricUnit.Milliseconds, ms),
      gauge: (dimension, name, unit, value) => {
        const key = `${dimension.name}=${dimension.value}`;
        const own = gauges.get(key) ?? withDimensions({ [dimension.name]: dimension.value });
        gauges.set(key, own);
        own.addMetric(name, gaugeUnits[unit], value);
      },
    },
    publish: () => {
      for (const each of [metrics, ...gauges.values()])
        if (each.hasStoredMetrics()) each.publishStoredMetrics();
    },
  };
}

async function xRay(): Promise<MiddlewareObj[]> {
  const [{ Tracer }, { captureLambdaHandler }] = await Promise.all([
    import('@aws-lambda-powertools/tracer'),
    import('@aws-lambda-powertools/tracer/middleware'),
  ]);
  return [captureLambdaHandler(new Tracer({ captureHTTPsRequests: false }), { captureResponse: false })];
}

/**
 * X-Ray segments of every invocation in Lambda. Elsewhere the SDK of X-Ray is not even loaded: it hooks itself into
 * every promise of the process.
 */
export const tracing: MiddlewareObj[] = inLambda() ? await xRay() : [];
