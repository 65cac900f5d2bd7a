import { type BatchQueue, batchQueue } from './batch-queue.ts';

/** Something that a user did, which experiments count. */
export interface Track {
  name: string;
  targetingKey: string;
  value?: number;
  /** ISO 8601, UTC. */
  at: string;
}

export interface PlatformEndpoint {
  /** Of the platform, for example `https://theseus.example.com`. */
  url: string;
  environment: string;
  /** Called for every request. */
  token: () => string | Promise<string>;
}

/** The platform answered, and did not take what was sent. */
export class NotTaken extends Error {
  /** It is never taken, however often it is sent: what is wrong is in it. */
  readonly isFinal: boolean;

  constructor(message: string, status: number) {
    super(message);
    this.isFinal = [400, 404, 409, 413, 415, 422].includes(status);
  }
}

/** Sends a JSON body to a path of an environment. Throws NotTaken when it is not taken. */
export async function postTo(
  { url, environment, token }: PlatformEndpoint,
  path: string,
  body: unknown,
  signal: AbortSignal,
): Promise<unknown> {
  const address = `${url.replace(/\/+$/, '')}/flags/environments/${encodeURIComponent(environment)}/${path}`;
  const response = await fetch(address, {
    method: 'POST',
    headers: { authorization: `Bearer ${await token()}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal,
  });
  const text = await response.text();
  if (!response.ok)
    throw new NotTaken(`${address} answered ${response.status}: ${text.slice(0, 500)}`, response.status);
  return text === '' ? undefined : JSON.parse(text);
}

/** The same for what is given up when it will never be taken: it would keep all that comes after it waiting. */
export async function deliver(
  endpoint: PlatformEndpoint,
  path: string,
  body: unknown,
  signal: AbortSignal,
): Promise<void> {
  try {
    await postTo(endpoint, path, body, signal);
  } catch (error) {
    if (!(error instanceof NotTaken && error.isFinal)) throw error;
  }
}

const answerMs = 10_000;
/** What comes before included. */
const longestMs = 20_000;

/** What users did, sent to the platform in batches. `before` is awaited first: what they saw is to be there before it. */
export const tracksTo = (
  endpoint: PlatformEndpoint,
  before: () => Promise<unknown> = () => Promise.resolve(),
): BatchQueue<Track> =>
  batchQueue<Track>({
    prefix: 'tracks',
    timeoutMs: longestMs,
    async send(batch) {
      await before();
      // Its own time begins now, whatever the wait for what comes before it took.
      await deliver(endpoint, 'tracks', batch, AbortSignal.timeout(answerMs));
    },
  });
