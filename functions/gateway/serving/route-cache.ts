import { clock } from '#platform/clock.ts';
import { RoutesUnreachable } from '../errors.ts';

/** Younger than this a route is used as it is, ms. */
const freshMs = 1_000;
/** Older than this it is read before it is used: a process that was frozen must not follow an old route. */
const staleMs = 2_000;
/** How long a request waits for a route. */
const longestWaitMs = 1_500;
/** Services whose routes are remembered, and names that lead nowhere; those read longest ago go first. */
const mostRoutes = 1_000;
const mostUnknown = 1_000;

interface Entry<T> {
  value: T | null;
  /** When the table last said so, and when it was last asked; monotonic ms. */
  readAt: number;
  askedAt: number;
}

/** A route, and the reading of a newer one that goes on meanwhile: the request awaits it at its end. */
export interface Remembered<T> {
  value: T | null;
  refreshing: Promise<unknown> | undefined;
}

export interface RouteCache<T> {
  /** Null: no route leads to the service. Throws RoutesUnreachable when the table does not answer and nothing is remembered. */
  find(service: string): Remembered<T> | Promise<Remembered<T>>;
}

/**
 * Routes in memory. They are read within requests only, since a frozen process reads nothing in the background, and one
 * reading of a route runs at a time. When the table cannot be reached what was last known holds, for as long as it takes.
 */
export function routeCache<T>(
  load: (service: string) => Promise<T | null>,
  onFailure: (error: unknown) => void = () => {},
): RouteCache<T> {
  const known = new Map<string, Entry<T>>();
  const unknown = new Map<string, Entry<T>>();
  const reading = new Map<string, Promise<Entry<T> | undefined>>();

  function remember(service: string, entry: Entry<T>): void {
    const [to, from, most] =
      entry.value === null ? [unknown, known, mostUnknown] : [known, unknown, mostRoutes];
    from.delete(service);
    to.delete(service);
    to.set(service, entry);
    const [oldest] = to.keys();
    if (to.size > most && oldest !== undefined) to.delete(oldest);
  }

  async function readAgain(service: string, former: Entry<T> | undefined): Promise<Entry<T> | undefined> {
    if (former !== undefined) former.askedAt = clock.monotonic();
    try {
      const value = await load(service);
      const at = clock.monotonic();
      const entry = { value, readAt: at, askedAt: at };
      remember(service, entry);
      return entry;
    } catch (error) {
      onFailure(error);
      return former;
    }
  }

  function refresh(service: string, former: Entry<T> | undefined): Promise<Entry<T> | undefined> {
    const running = reading.get(service);
    if (running !== undefined) return running;
    const begun = readAgain(service, former).finally(() => reading.delete(service));
    reading.set(service, begun);
    return begun;
  }

  async function waitFor(service: string, former: Entry<T> | undefined): Promise<Remembered<T>> {
    const refreshing = refresh(service, former);
    const patience = new AbortController();
    const tired = clock.sleep(longestWaitMs, patience.signal).then(
      () => former,
      () => former,
    );
    const entry = await Promise.race([refreshing, tired]);
    patience.abort();
    if (entry !== undefined) return { value: entry.value, refreshing };
    throw new RoutesUnreachable(`Where ${service} is cannot be read now`, { evidence: { service } });
  }

  return {
    find(service) {
      const entry = known.get(service) ?? unknown.get(service);
      if (entry === undefined) return waitFor(service, undefined);
      const now = clock.monotonic();
      if (now - entry.readAt < freshMs) return { value: entry.value, refreshing: undefined };
      // After a failure the table is asked once in a while, and nobody waits for it.
      if (now - entry.askedAt < freshMs) return { value: entry.value, refreshing: reading.get(service) };
      if (now - entry.readAt >= staleMs) return waitFor(service, entry);
      return { value: entry.value, refreshing: refresh(service, entry) };
    },
  };
}
