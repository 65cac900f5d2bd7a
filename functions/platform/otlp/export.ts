import { clock } from '../clock.ts';
import type { InvocationLogger } from '../telemetry.ts';
import { metricsRequest, type PointData, type SpanData, tracesRequest } from './messages.ts';
import { encodeRequest } from './protobuf.ts';
import { type OtlpSettings, otlpHeaders, otlpResource, otlpSettings } from './settings.ts';

/** `off`: nobody asked for telemetry. */
export type Exported = 'sent' | 'failed' | 'off';
type Log = Pick<InvocationLogger, 'warn'>;

/** An endpoint that failed is left alone this long, ms: a sweep does not wait for it over and over. */
const restMs = 20_000;
const complainEveryMs = 60_000;
let restUntil = 0;
let complainedAt = Number.NEGATIVE_INFINITY;

/** Whether an OTLP endpoint is configured, be it well or badly. */
export const wantsTelemetry = (): boolean => Boolean(process.env.OTEL_EXPORTER_OTLP_ENDPOINT);

export const exportSpans = (spans: readonly SpanData[], log: Log): Promise<Exported> =>
  send('traces', () => tracesRequest(otlpResource(), spans), log);

export const exportPoints = (points: readonly PointData[], log: Log): Promise<Exported> =>
  send('metrics', () => metricsRequest(otlpResource(), points), log);

/** Sends once, within the timeout. Never throws: what cannot be sent is complained of once a minute. */
async function send(signal: 'traces' | 'metrics', request: () => object, log: Log): Promise<Exported> {
  try {
    const settings = otlpSettings();
    if (settings === undefined) return 'off';
    if (clock.now() < restUntil) return 'failed';
    await post(settings, signal, request());
    return 'sent';
  } catch (error) {
    restUntil = clock.now() + restMs;
    if (clock.now() - complainedAt >= complainEveryMs) {
      complainedAt = clock.now();
      const why = error instanceof Error ? error.message : String(error);
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : undefined;
      log.warn('telemetry not sent', { signal, why, ...(cause === undefined ? {} : { cause }) });
    }
    return 'failed';
  }
}

async function post(
  { endpoint, protocol, timeoutMs }: OtlpSettings,
  signal: 'traces' | 'metrics',
  request: object,
): Promise<void> {
  const json = protocol === 'http/json';
  const response = await fetch(`${endpoint}/v1/${signal}`, {
    method: 'POST',
    headers: {
      ...(await otlpHeaders()),
      'content-type': json ? 'application/json' : 'application/x-protobuf',
    },
    body: json ? JSON.stringify(request) : new Uint8Array(encodeRequest(signal, request)),
    signal: AbortSignal.timeout(timeoutMs),
    // Headers may carry a key, which is for this endpoint only.
    redirect: 'error',
  });
  await response.body?.cancel();
  if (!response.ok) throw new Error(`The OTLP endpoint answered ${response.status} to ${signal}`);
}

/** Tests begin with an endpoint that nobody has tried; the product never calls it. */
export function forgetOtlpFailures(): void {
  restUntil = 0;
  complainedAt = Number.NEGATIVE_INFINITY;
}
