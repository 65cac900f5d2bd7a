/** Why a thread of an execution unwinds without a record: the engine stops, or its execution or branch is over. */
export class Stopped extends Error {
  override name = 'Stopped';
  constructor() {
    super('stopped');
  }
}

/** The promise's outcome, or a rejection with the signal's reason as soon as it aborts. */
export function untilAborted<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/**
 * Runs `work` for every index, at most `limit` at a time. The first failure stops the others, is awaited until
 * they have unwound, and is thrown. The outer signal stops all.
 */
export async function eachIndex(
  indexes: readonly number[],
  limit: number,
  outer: AbortSignal,
  work: (index: number, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const own = new AbortController();
  const stop = () => own.abort(outer.reason);
  if (outer.aborted) stop();
  outer.addEventListener('abort', stop, { once: true });
  const failures: unknown[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < indexes.length && !own.signal.aborted) {
      const index = indexes[next];
      next += 1;
      if (index === undefined) return;
      try {
        await work(index, own.signal);
      } catch (error) {
        failures.push(error);
        own.abort(new Stopped());
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, indexes.length) }, lane));
  outer.removeEventListener('abort', stop);
  outer.throwIfAborted();
  if (failures.length > 0) throw failures[0];
}
