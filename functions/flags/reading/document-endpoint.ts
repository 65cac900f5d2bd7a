import { z } from 'zod';
import type { Feed } from './feed.ts';

export interface DocumentEndpoint {
  /** Of the platform, for example `https://theseus.example.com`. */
  url: string;
  environment: string;
  /** Called for every question. */
  token: () => string | Promise<string>;
  /** How often it is asked, ms. */
  pollMs?: number | undefined;
}

const Body = z.object({ flags: z.unknown(), killSwitches: z.unknown(), revision: z.coerce.string() });
const Problem = z.looseObject({ detail: z.string() });

/** The platform's own explanation where it gave one. */
async function explained(response: Response): Promise<string> {
  const found = Problem.safeParse(await response.json().catch(() => undefined));
  return found.success ? `: ${found.data.detail}` : '';
}

/** The documents of an environment over HTTP. As long as they are what it had, the answer is empty. */
export function documentEndpoint({ url, environment, token, pollMs = 1_000 }: DocumentEndpoint): Feed {
  const address = `${url.replace(/\/+$/, '')}/flags/environments/${encodeURIComponent(environment)}/document`;
  return {
    name: `flags of ${environment} at ${url}`,
    parts: ['flags', 'killSwitches'],
    intervalMs: pollMs,
    async ask(cursor, signal) {
      const response = await fetch(address, {
        headers: {
          authorization: `Bearer ${await token()}`,
          accept: 'application/json',
          ...(cursor === undefined ? {} : { 'if-none-match': cursor }),
        },
        signal,
      });
      if (response.status === 304) return { cursor };
      if (response.status !== 200) throw new Error(`answered ${response.status}${await explained(response)}`);
      const { flags, killSwitches, revision } = Body.parse(await response.json());
      const tag = response.headers.get('etag') ?? undefined;
      return { documents: { flags, killSwitches }, revision, cursor: tag };
    },
  };
}
