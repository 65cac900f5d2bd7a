import { z } from 'zod';
import { clock } from '#platform/clock.ts';
import { pollInterval } from '#platform/poll-interval.ts';
import type { Answer, Feed } from './feed.ts';

export interface DocumentEndpoint {
  /** Of the platform, for example `https://theseus.example.com`. */
  url: string;
  environment: string;
  /** Called for every question. */
  token: () => string | Promise<string>;
  /** How often it is asked, ms. */
  pollMs?: number | undefined;
}

const Body = z.object({
  flags: z.unknown(),
  killSwitches: z.unknown(),
  revision: z.coerce.string(),
  order: z.number().nullish(),
});

/** What was taken last, and since when only older flags come. */
const Cursor = z.object({
  tag: z.string().nullable(),
  order: z.number().nullable(),
  olderSince: z.number().nullable(),
});
type Cursor = z.infer<typeof Cursor>;

/** How long older flags have to come, and no others, before they are taken back: longer than functions of the platform differ, ms. */
const patienceMs = 30_000;
const Problem = z.looseObject({ detail: z.string() });

/** The platform's own explanation where it gave one. */
async function explained(response: Response): Promise<string> {
  const found = Problem.safeParse(await response.json().catch(() => undefined));
  return found.success ? `: ${found.data.detail}` : '';
}

function taken(before: Cursor | undefined, body: z.infer<typeof Body>, tag: string | null): Answer {
  const { flags, killSwitches, revision } = body;
  const order = body.order ?? null;
  const now = clock.now();
  const isOlder = before !== undefined && before.order !== null && order !== null && order < before.order;
  const olderSince = isOlder ? (before.olderSince ?? now) : null;
  if (isOlder && olderSince !== null && now - olderSince < patienceMs) {
    return { documents: { killSwitches }, revision, cursor: JSON.stringify({ ...before, olderSince }) };
  }
  const cursor: Cursor = { tag, order, olderSince: null };
  return { documents: { flags, killSwitches }, revision, cursor: JSON.stringify(cursor) };
}

/**
 * The documents of an environment over HTTP. As long as they are what it had, the answer is empty. While a deployment
 * grows one function of the platform has newer flags than another: older ones are taken only when nothing else comes for
 * half a minute, which is so when they were taken back. Kill switches count from whoever answers.
 */
export function documentEndpoint({ url, environment, token, pollMs = 1_000 }: DocumentEndpoint): Feed {
  const address = `${url.replace(/\/+$/, '')}/flags/environments/${encodeURIComponent(environment)}/document`;
  return {
    name: `flags of ${environment} at ${url}`,
    parts: ['flags', 'killSwitches'],
    intervalMs: pollInterval(pollMs),
    async ask(cursor, signal) {
      const before = cursor === undefined ? undefined : Cursor.parse(JSON.parse(cursor));
      const response = await fetch(address, {
        headers: {
          authorization: `Bearer ${await token()}`,
          accept: 'application/json',
          ...(before?.tag ? { 'if-none-match': before.tag } : {}),
        },
        signal,
      });
      if (response.status === 304) return { cursor: JSON.stringify({ ...before, olderSince: null }) };
      if (response.status !== 200) throw new Error(`answered ${response.status}${await explained(response)}`);
      return taken(before, Body.parse(await response.json()), response.headers.get('etag'));
    },
  };
}
