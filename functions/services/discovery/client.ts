import { clock } from '../../platform/clock.ts';
import { random as chance } from '../../platform/random.ts';
import type { Candidate } from './candidate.ts';
import { type Choice, choose } from './choose.ts';

// What callers use in their own code: it needs no other file than its neighbours, the clock and the dice.

/** What is asked of discovery: parameters of GET /services/{name}/discover. */
export interface Question {
  service: string;
  range?: string;
  health?: 'passing' | 'not_failing' | 'any';
  labels?: Readonly<Record<string, string>>;
  consumer?: string;
}

export interface DiscoveryOptions<T extends Candidate> {
  /** Asks discovery, see `candidatesOver`. */
  fetchCandidates: (question: Question) => Promise<T[]>;
  /** How long an answer counts, ms; each a tenth longer or shorter, so that callers do not all ask at once. */
  ttlMs?: number;
  /** How long an answer counts after that while no newer one can be had, ms. */
  staleMs?: number;
  /** Numbers in [0, 1). */
  random?: () => number;
}

export interface DiscoveryClient<T extends Candidate> {
  /** Who may be asked. Throws what `fetchCandidates` throws when there is no answer that still counts. */
  candidates: (question: Question) => Promise<T[]>;
  /** One of them; undefined when there is none. */
  pick: (question: Question, how?: Choice) => Promise<T | undefined>;
}

interface Entry<T> {
  answer: T[] | undefined;
  /** ms of the monotonic clock. */
  fetchedAt: number;
  nextAt: number;
  refresh: Promise<void> | undefined;
}

/** Different questions that are remembered; the one asked first goes first. */
const mostQuestions = 500;
/** How long nobody asks again after an error, at most, ms. */
const longestPause = 5_000;

const keyOf = ({ service, range, health, labels = {}, consumer }: Question): string =>
  JSON.stringify([service, range, health, Object.entries(labels).sort(), consumer]);

/**
 * Discovery with a memory: one request per question and `ttlMs`, however many ask; while the registry is away, the last
 * answer goes on for `staleMs`.
 */
export function discoveryClient<T extends Candidate>({
  fetchCandidates,
  ttlMs = 10_000,
  staleMs = 300_000,
  random = () => chance(),
}: DiscoveryOptions<T>): DiscoveryClient<T> {
  const entries = new Map<string, Entry<T>>();

  function entryOf(question: Question): Entry<T> {
    const key = keyOf(question);
    const known = entries.get(key);
    if (known !== undefined) return known;
    const entry: Entry<T> = { answer: undefined, fetchedAt: 0, nextAt: 0, refresh: undefined };
    entries.set(key, entry);
    const [oldest] = entries.keys();
    if (entries.size > mostQuestions && oldest !== undefined) entries.delete(oldest);
    return entry;
  }

  const jittered = (ms: number): number => ms * (0.9 + 0.2 * random());

  async function refresh(entry: Entry<T>, question: Question): Promise<void> {
    try {
      entry.answer = await fetchCandidates(question);
      entry.fetchedAt = clock.monotonic();
      entry.nextAt = entry.fetchedAt + jittered(ttlMs);
    } catch (error) {
      const now = clock.monotonic();
      if (entry.answer === undefined || now - entry.fetchedAt > ttlMs + staleMs) {
        entry.answer = undefined;
        throw error;
      }
      entry.nextAt = now + jittered(Math.min(ttlMs, longestPause));
    }
  }

  async function candidates(question: Question): Promise<T[]> {
    const entry = entryOf(question);
    if (entry.answer === undefined || clock.monotonic() >= entry.nextAt) {
      entry.refresh ??= refresh(entry, question).finally(() => {
        entry.refresh = undefined;
      });
      await entry.refresh;
    }
    const { answer = [] } = entry;
    const now = clock.now();
    const leased = answer.filter(({ leaseUntil }) => leaseUntil === null || Date.parse(leaseUntil) > now);
    // Of an answer that could not be renewed every lease runs out; who was there last is the best that is known.
    return leased.length > 0 ? leased : answer;
  }

  return {
    candidates,
    pick: async (question, how = { choice: 'weighted' }) => choose(await candidates(question), how, random),
  };
}

/**
 * Asks the HTTP API of a platform. `token` is called for every request. Throws an error with the platform's own
 * explanation, or when no answer came within 5 s.
 */
export function candidatesOver(platform: {
  url: string;
  token: () => string | Promise<string>;
}): (question: Question) => Promise<Candidate[]> {
  return async ({ service, range, health, labels = {}, consumer }) => {
    const url = new URL(`${platform.url}/services/${encodeURIComponent(service)}/discover`);
    const search = { range, health, consumer };
    for (const [name, value] of Object.entries(search)) if (value) url.searchParams.set(name, value);
    for (const [name, value] of Object.entries(labels)) url.searchParams.append('label', `${name}=${value}`);
    url.searchParams.set('limit', '500');
    const response = await fetch(url, {
      headers: { authorization: `Bearer ${await platform.token()}` },
      signal: AbortSignal.timeout(5_000),
    });
    const body: unknown = await response.json();
    if (
      response.ok &&
      typeof body === 'object' &&
      body !== null &&
      'items' in body &&
      Array.isArray(body.items)
    ) {
      // The platform checks its own answers; a caller's code carries no schema for them.
      return body.items as Candidate[];
    }
    const detail = typeof body === 'object' && body !== null && 'detail' in body ? body.detail : '';
    throw new Error(`Discovery of ${service} failed: ${response.status} ${String(detail)}`);
  };
}
