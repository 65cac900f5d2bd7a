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

/** Sends a JSON body to a path of an environment. Throws when it is not taken. */
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
  if (!response.ok) throw new Error(`${address} answered ${response.status}: ${text.slice(0, 500)}`);
  return text === '' ? undefined : JSON.parse(text);
}

/** What users did, sent to the platform in batches. */
export const tracksTo = (endpoint: PlatformEndpoint): BatchQueue<Track> =>
  batchQueue<Track>({
    prefix: 'tracks',
    send: async (batch, signal) => void (await postTo(endpoint, 'tracks', batch, signal)),
  });
