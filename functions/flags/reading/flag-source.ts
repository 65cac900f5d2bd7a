import { clock } from '#platform/clock.ts';
import type { FlagSet } from '../evaluation/compile.ts';
import { type Asking, asking } from './asking.ts';
import { changedFlags } from './changed-flags.ts';
import { type Documents, type Holding, take } from './documents.ts';
import type { Answer, Feed, Part } from './feed.ts';
import type { KeptDocuments } from './kept-documents.ts';

/**
 * - `empty`: nothing is known yet.
 * - `ready`: what is known is fresh.
 * - `stale`: it is in force, and older than it should be.
 * - `invalid`: it is in force, and what came after it was refused.
 */
export type SourceState = 'empty' | 'ready' | 'stale' | 'invalid';

export type SourceEvent =
  | { kind: 'state'; state: SourceState; message: string }
  | { kind: 'changed'; flags: string[] }
  /** What is worth a line in a log; told once until it is over. */
  | { kind: 'problem'; message: string };

export interface FlagSource {
  /** The flags in force, at once; undefined while none are known. Begins to ask where it is time. */
  current(): FlagSet | undefined;
  /** The same, after waiting within the budget where none are known or they are stale. Never rejects. */
  get(): Promise<FlagSet | undefined>;
  state(): SourceState;
  /** In words, why it is not ready. */
  message(): string;
  /** What is in force, as it came. */
  documents(): Documents | undefined;
  subscribe(listener: (event: SourceEvent) => void): () => void;
  /** Asks by a timer from now on: for processes that are never frozen. Nobody waits any more. */
  poll(): void;
  /** Ends what is under way and all timers. What is known stays. */
  close(): void;
}

export interface FlagSourceOptions {
  /** Together they give every part that is needed. */
  feeds: readonly Feed[];
  /** Where what is in force outlives the process. */
  kept?: KeptDocuments | undefined;
  /** What was not confirmed for so long is stale, ms; for slow feeds three of their intervals. */
  staleAfterMs?: number | undefined;
  /** Longest wait of one evaluation for one question, ms. */
  budgetMs?: number | undefined;
  /** How long a question may take, ms. */
  timeoutMs?: number | undefined;
}

const describe = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/**
 * The flags of an environment in a process. What is known is used at once while newer is asked for; it is replaced only
 * by what is whole and valid, and holds for as long as nothing better comes. Without `poll` questions begin with
 * evaluations only, since a frozen process does nothing in the background: then an evaluation waits where what is known
 * is stale, at most `budgetMs` for each question, so that a source that is down does not make every one wait.
 */
export function flagSource({
  feeds,
  kept,
  staleAfterMs = 60_000,
  budgetMs = 250,
  timeoutMs = 2_000,
}: FlagSourceOptions): FlagSource {
  const parts: Part[] = [...new Set(feeds.flatMap((feed) => feed.parts))];
  const listeners = new Set<(event: SourceEvent) => void>();
  const refused = new Map<Part, string>();
  const silent = new Map<string, string>();
  let holding: Holding = { held: {}, set: undefined };
  let told: SourceState = 'empty';
  let polling: AbortController | undefined;
  let closed = false;

  function tell(event: SourceEvent): void {
    for (const listener of listeners) {
      try {
        listener(event);
      } catch {
        // Whoever listens has a defect of its own: the flags are none the worse for it.
      }
    }
  }

  const documentsOf = ({ held: { flags, killSwitches } }: Holding): Documents | undefined =>
    flags && { flags, ...(killSwitches === undefined ? {} : { killSwitches }) };

  function isStale(one: Asking): boolean {
    const answeredAt = one.answeredAt();
    const { intervalMs, staleAfterMs: own } = one.feed;
    return (
      answeredAt === undefined || clock.now() - answeredAt > (own ?? Math.max(staleAfterMs, 3 * intervalMs))
    );
  }

  function state(): SourceState {
    if (holding.set === undefined) return 'empty';
    if (refused.size > 0) return 'invalid';
    return askings.some(isStale) ? 'stale' : 'ready';
  }

  function message(): string {
    const reasons = [
      ...[...refused].map(([part, why]) => `the newest document of ${part} was refused: ${why}`),
      ...[...silent].map(([name, why]) => `${name}: ${why}`),
    ];
    if (reasons.length > 0) return reasons.join('; ');
    if (holding.set !== undefined) return 'they were not asked for for some time';
    return `${feeds.map(({ name }) => name).join(' and ')} did not answer yet`;
  }

  function review(): void {
    const present = state();
    if (present === told) return;
    told = present;
    tell({ kind: 'state', state: present, message: present === 'ready' ? '' : message() });
  }

  function adopt(answer: Answer): boolean {
    const before = documentsOf(holding);
    const wasKnown = holding.set !== undefined;
    const { refusals, ...next } = take(holding, answer, parts);
    const formerly = new Map(refused);
    for (const part of parts)
      if (answer.documents && Object.hasOwn(answer.documents, part)) refused.delete(part);
    for (const { part, message: why } of refusals) {
      refused.set(part, why);
      if (formerly.get(part) !== why)
        tell({ kind: 'problem', message: `The document of ${part} was refused: ${why}` });
    }
    const changed = next.held !== holding.held;
    holding = next;
    const after = documentsOf(holding);
    if (!changed || !wasKnown || before === undefined || after === undefined) return changed;
    const flags = changedFlags(before, after);
    if (flags.length > 0) tell({ kind: 'changed', flags });
    return true;
  }

  function keep(): void {
    const { held } = holding;
    const of = <T>(read: (part: Part) => T | undefined): Partial<Record<Part, T>> =>
      Object.fromEntries(parts.map((part) => [part, read(part)]).filter(([, value]) => value !== undefined));
    kept
      ?.save({ documents: of((part) => held[part]?.raw), revisions: of((part) => held[part]?.revision) })
      .catch((error: unknown) =>
        tell({ kind: 'problem', message: `What is in force could not be kept: ${describe(error)}` }),
      );
  }

  const askings = feeds.map((feed) =>
    asking(feed, timeoutMs, {
      answered(answer) {
        silent.delete(feed.name);
        if (adopt(answer)) keep();
        review();
      },
      failed(error) {
        const why = describe(error);
        if (!silent.has(feed.name)) tell({ kind: 'problem', message: `${feed.name}: ${why}` });
        silent.set(feed.name, why);
        review();
      },
    }),
  );

  /** What was kept counts until anything comes; nothing is lost by a file that cannot be read. */
  async function load(): Promise<void> {
    try {
      const found = await kept?.load();
      if (found === undefined) return;
      for (const part of parts) {
        if (holding.held[part] !== undefined || !Object.hasOwn(found.documents, part)) continue;
        adopt({ documents: { [part]: found.documents[part] }, revision: found.revisions[part] });
        // It is no answer of a feed: nobody has to be told that a newer one was refused.
        refused.delete(part);
      }
      review();
    } catch (error) {
      tell({ kind: 'problem', message: `What was kept cannot be read: ${describe(error)}` });
    }
  }
  const loading = load();

  function askAll() {
    return closed ? [] : askings.map((one) => one.ask()).filter((question) => question !== undefined);
  }

  /** Waits for what is under way, each question at most until its budget is over. */
  async function wait(): Promise<void> {
    const questions = askAll();
    const now = clock.now();
    const left = Math.max(0, ...questions.map(({ askedAt }) => askedAt + budgetMs - now));
    if (left === 0) return;
    const enough = new AbortController();
    const tired = clock.sleep(left, enough.signal).catch(() => {});
    const answered = loading.then(() => Promise.all(questions.map(({ done }) => done)));
    await Promise.race([answered, tired]);
    enough.abort();
  }

  async function pollOne(one: Asking, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await one.ask()?.done;
      await clock.sleep(Math.max(0, one.nextAt() - clock.now()), signal).catch(() => {});
    }
  }

  return {
    state,
    message,
    documents: () => (holding.set === undefined ? undefined : documentsOf(holding)),
    current() {
      askAll();
      review();
      return holding.set;
    },
    async get() {
      const waits = polling === undefined && (holding.set === undefined || askings.some(isStale));
      if (waits) await wait();
      else askAll();
      review();
      return holding.set;
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    poll() {
      if (polling !== undefined || closed) return;
      polling = new AbortController();
      for (const one of askings) void pollOne(one, polling.signal);
    },
    close() {
      closed = true;
      polling?.abort();
      for (const one of askings) one.stop();
    },
  };
}
