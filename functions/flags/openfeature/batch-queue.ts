import { clock } from '#platform/clock.ts';
import { newId } from '#platform/ids.ts';
import { jitteredBackoff } from '#platform/random.ts';
import { untilAborted } from '#platform/until-aborted.ts';

/** What is sent together; sent again after a failure it has the same id, by which the receiver counts it once. */
export interface Batch<T> {
  id: string;
  events: T[];
}

export interface BatchQueueOptions<T> {
  /** Begins the ids. */
  prefix: string;
  /** Throws when the batch may not have arrived. */
  send: (batch: Batch<T>, signal: AbortSignal) => Promise<void>;
  largestBatch?: number;
  /** How long an event waits for others, ms. */
  collectMs?: number;
  /** More events than this do not wait: what comes then is dropped and counted. */
  mostWaiting?: number;
  timeoutMs?: number;
}

export interface BatchQueue<T> {
  /** Never waits and never throws. */
  add(event: T): void;
  /** Sends what waits, once; what fails goes on waiting. */
  flush(): Promise<void>;
  /** Sends what waits, and takes nothing more. */
  close(): Promise<void>;
  dropped(): number;
}

const firstPauseMs = 1_000;
const longestPauseMs = 60_000;

/** Collects events and sends them in batches, one at a time, in order. */
export function batchQueue<T>({
  prefix,
  send,
  largestBatch = 500,
  collectMs = 1_000,
  mostWaiting = 10_000,
  timeoutMs = 5_000,
}: BatchQueueOptions<T>): BatchQueue<T> {
  const waiting: T[] = [];
  /** The batch that failed: it keeps its id and what is in it. */
  let again: Batch<T> | undefined;
  let failures = 0;
  let dropped = 0;
  let closed = false;
  let sending: Promise<void> | undefined;
  let alarm: AbortController | undefined;

  /** Whether it arrived. */
  async function sendNext(): Promise<boolean> {
    again ??= { id: newId(prefix), events: waiting.splice(0, largestBatch) };
    const late = new AbortController();
    const finished = new AbortController();
    const timer = clock.sleep(timeoutMs, finished.signal).then(
      () => late.abort(new Error(`No answer within ${timeoutMs} ms`)),
      () => {},
    );
    try {
      await untilAborted(send(again, late.signal), late.signal);
      again = undefined;
      failures = 0;
      return true;
    } catch {
      failures += 1;
      return false;
    } finally {
      finished.abort();
      await timer;
    }
  }

  async function sendAll(): Promise<void> {
    while (again !== undefined || waiting.length > 0) if (!(await sendNext())) return;
  }

  function stopWaiting(): void {
    alarm?.abort();
    alarm = undefined;
  }

  async function flush(): Promise<void> {
    stopWaiting();
    sending ??= sendAll().finally(() => {
      sending = undefined;
      stopWaiting();
      if (again !== undefined || waiting.length > 0) sendLater();
    });
    await sending;
  }

  function sendLater(): void {
    if (alarm !== undefined || closed) return;
    alarm = new AbortController();
    const ms =
      failures === 0 ? collectMs : firstPauseMs + jitteredBackoff(failures, firstPauseMs, longestPauseMs);
    clock.sleep(ms, alarm.signal).then(
      () => {
        alarm = undefined;
        return flush();
      },
      () => {},
    );
  }

  return {
    add(event) {
      if (closed || waiting.length + (again?.events.length ?? 0) >= mostWaiting) {
        dropped += 1;
        return;
      }
      waiting.push(event);
      if (waiting.length >= largestBatch && failures === 0) void flush();
      else sendLater();
    },
    flush,
    async close() {
      closed = true;
      await flush();
    },
    dropped: () => dropped,
  };
}
