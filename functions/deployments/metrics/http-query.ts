import { GetSecretValueCommand, ResourceNotFoundException } from '@aws-sdk/client-secrets-manager';
import { z } from 'zod';
import { nothing, type Sample } from '#judge/samples.ts';
import { secretsManager } from '#platform/clients.ts';
import { environmentVariable } from '#platform/environment.ts';
import { InvalidInput, ServiceUnavailable } from '#platform/errors.ts';
import { exchange } from '#platform/outbound/exchange.ts';
import { type ComparedVersion, filled, type Question } from './question.ts';
import { type HttpQuerySource, tellsVersions } from './schemas.ts';

const timeoutMs = 5_000;
const mostBytes = 65_536;

/** What is secret says itself to whom it may be told, so that nobody can have it sent elsewhere by naming it. */
const MetricSecret = z.object({ origin: z.string(), value: z.string() });

/** The value of a secret below METRIC_SECRETS for an origin. Throws InvalidInput when there is none for it. */
async function secretFor(origin: string, name: string): Promise<string> {
  const id = `${environmentVariable('METRIC_SECRETS')}${name}`;
  const refuse = (what: string): never => {
    throw new InvalidInput(`The secret ${id} ${what}`, {
      evidence: { secret: id, origin },
      action: `Keep {"origin": "${origin}", "value": "…"} there.`,
    });
  };
  try {
    const found = await secretsManager().send(new GetSecretValueCommand({ SecretId: id }));
    const secret = MetricSecret.safeParse(JSON.parse(found.SecretString ?? '{}'));
    if (!secret.success) return refuse('has not the expected form');
    return secret.data.origin === origin ? secret.data.value : refuse('is for another origin');
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return refuse('is not there');
    if (error instanceof SyntaxError) return refuse('is no JSON');
    throw error;
  }
}

/** What an RFC 6901 pointer leads to; undefined when it leads nowhere. */
function at(value: unknown, pointer: string): unknown {
  const parts = pointer.split('/').slice(1);
  return parts.reduce<unknown>((inside, part) => {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    if (inside === null || typeof inside !== 'object' || !Object.hasOwn(inside, key)) return undefined;
    // An array has its indexes as keys, too.
    return (inside as Record<string, unknown>)[key];
  }, value);
}

/** A JSON number, or one in a text, as Prometheus answers. */
const Numeric = z.union([
  z.number(),
  z
    .string()
    .regex(/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i)
    .transform(Number)
    .pipe(z.number()),
]);

async function numberOf(
  source: HttpQuerySource,
  version: ComparedVersion,
  question: Question,
): Promise<number> {
  const seconds = (moment: string) => String(Math.floor(Date.parse(moment) / 1_000));
  const url = filled(
    source.url,
    {
      version: version.version,
      target: version.target,
      from: question.from,
      to: question.to,
      fromSeconds: seconds(question.from),
      toSeconds: seconds(question.to),
    },
    encodeURIComponent,
  );
  const { origin } = new URL(url);
  const headers: Record<string, string> = { accept: 'application/json', 'user-agent': 'Theseus' };
  for (const [name, value] of Object.entries(source.headers))
    headers[name.toLowerCase()] = typeof value === 'string' ? value : await secretFor(origin, value.secret);
  const answer = await exchange({ method: 'GET', url, headers, timeoutMs, mostBytes });
  const refuse = (what: string): never => {
    throw new ServiceUnavailable(`${origin} ${what}`, {
      action: 'Check url, pointer and headers of the query.',
    });
  };
  if (answer.status !== 200) return refuse(`answered ${answer.status}, expected 200`);
  if (!answer.whole) return refuse(`answered more than ${mostBytes} bytes`);
  let body: unknown;
  try {
    body = JSON.parse(answer.text);
  } catch {
    return refuse('answered something that is no JSON');
  }
  const found = Numeric.safeParse(at(body, source.pointer));
  return found.success ? found.data : refuse(`has no number at '${source.pointer}'`);
}

/**
 * One sample with one number of each version; of the canary's alone when the query cannot tell versions apart. Throws
 * DestinationRefused, DestinationUnreachable, InvalidInput for a secret, and ServiceUnavailable for an answer without a
 * number.
 */
export async function readHttpQuery(source: HttpQuerySource, question: Question): Promise<Sample[]> {
  const { baseline, from, to } = question;
  const compared = baseline !== null && tellsVersions(source.url) ? baseline : null;
  const [canaryNumber, baselineNumber] = await Promise.all([
    numberOf(source, question.canary, question),
    compared === null ? null : numberOf(source, compared, question),
  ]);
  return [
    {
      from,
      to,
      baseline: nothing,
      canary: nothing,
      numbers: { [source.name]: { baseline: baselineNumber, canary: canaryNumber } },
    },
  ];
}
