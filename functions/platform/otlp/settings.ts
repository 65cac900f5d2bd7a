import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { secretsManager } from '../clients.ts';
import { clock } from '../clock.ts';
import type { Attributes } from './messages.ts';

/** Where telemetry goes and how. */
export interface OtlpSettings {
  /** Without the path of a signal. */
  endpoint: string;
  protocol: 'http/protobuf' | 'http/json';
  timeoutMs: number;
}

const longestTimeoutMs = 10_000;
/** Headers from a secret are read anew after this, ms: a key that was rotated is used soon. */
const secretMs = 300_000;

const variable = (name: string): string | undefined => process.env[`OTEL_${name}`] || undefined;

/**
 * OpenTelemetry's own variables; undefined where no endpoint is named, or OTEL_SDK_DISABLED is `true`. Throws an Error
 * that says what is wrong with them.
 */
export function otlpSettings(): OtlpSettings | undefined {
  const endpoint = variable('EXPORTER_OTLP_ENDPOINT');
  if (endpoint === undefined || variable('SDK_DISABLED')?.toLowerCase() === 'true') return undefined;
  const protocol = variable('EXPORTER_OTLP_PROTOCOL') ?? 'http/protobuf';
  if (protocol !== 'http/protobuf' && protocol !== 'http/json') {
    throw new Error(
      `OTEL_EXPORTER_OTLP_PROTOCOL is '${protocol}', expected http/protobuf or http/json: name the HTTP port of the collector, mostly 4318`,
    );
  }
  if (!URL.canParse(endpoint) || !/^https?:$/.test(new URL(endpoint).protocol)) {
    throw new Error('OTEL_EXPORTER_OTLP_ENDPOINT is no http or https URL');
  }
  const timeout = Number(variable('EXPORTER_OTLP_TIMEOUT') ?? longestTimeoutMs);
  const timeoutMs = timeout > 0 ? Math.min(timeout, longestTimeoutMs) : longestTimeoutMs;
  return { endpoint: endpoint.replace(/\/+$/, ''), protocol, timeoutMs };
}

/** `a=b,c=d%20e`: how OpenTelemetry writes lists of pairs in variables. What is no pair is left out. */
export function pairsOf(text: string | undefined): Record<string, string> {
  const pairs = (text ?? '').split(',').flatMap((pair) => {
    const at = pair.indexOf('=');
    const name = pair.slice(0, Math.max(0, at)).trim();
    return name === '' ? [] : [[name, decoded(pair.slice(at + 1).trim())]];
  });
  return Object.fromEntries(pairs);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a stray % means itself
  }
}

let secret: { arn: string; text: string; readAt: number } | undefined;

/** What fetch would refuse, quoting it: a value is a key, and errors are logged. */
function assertHeaders(headers: Record<string, string>): void {
  const fine = Object.entries(headers).every(
    ([name, value]) => /^[!#$%&'*+.^_`|~\w-]+$/.test(name) && /^[\t\x20-\x7e]*$/.test(value),
  );
  if (!fine)
    throw new Error('The headers for the OTLP endpoint are malformed, expected name=value,name=value');
}

/**
 * Of every request: from OTEL_EXPORTER_OTLP_HEADERS, and from the secret that a deployment names, in the same form.
 * Throws an Error that quotes none of them.
 */
export async function otlpHeaders(): Promise<Record<string, string>> {
  const headers = { ...pairsOf(variable('EXPORTER_OTLP_HEADERS')), ...(await secretHeaders()) };
  assertHeaders(headers);
  return headers;
}

async function secretHeaders(): Promise<Record<string, string>> {
  const arn = process.env.THESEUS_OTLP_HEADERS_SECRET || undefined;
  if (arn === undefined) return {};
  if (secret?.arn !== arn || secret.readAt + secretMs < clock.now()) {
    const { SecretString: text = '' } = await secretsManager().send(
      new GetSecretValueCommand({ SecretId: arn }),
    );
    secret = { arn, text, readAt: clock.now() };
  }
  const headers = pairsOf(secret.text);
  if (Object.keys(headers).length > 0) return headers;
  throw new Error(`The secret ${arn} has no headers, expected name=value,name=value`);
}

/** Who sends, for every span and point. */
export function otlpResource(): Attributes {
  const environment = process.env.THESEUS_ENVIRONMENT;
  return {
    'service.name': variable('SERVICE_NAME') ?? 'theseus',
    ...(environment === undefined ? {} : { 'deployment.environment.name': environment }),
    ...pairsOf(variable('RESOURCE_ATTRIBUTES')),
  };
}
