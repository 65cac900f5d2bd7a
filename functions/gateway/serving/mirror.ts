import type { Attempt, Send } from './attempt.ts';

/** Copies on their way at the same time in one process; beyond, none are sent. */
const mostCopies = 20;
const longestMs = 3_000;

/**
 * Sends copies of requests beside the real ones and throws their answers away: they delay and fail nothing, wait at most
 * 3 s, and end with their client no sooner.
 */
export function mirrors(): (send: Send, deliver: (copy: Send) => Promise<Attempt>) => Promise<void> {
  let running = 0;
  return async (send, deliver) => {
    if (running >= mostCopies) return;
    running += 1;
    try {
      const copy = {
        ...send,
        headers: { ...send.headers, 'x-theseus-mirror': 'true' },
        timeoutMs: Math.min(send.timeoutMs, longestMs),
        gone: AbortSignal.timeout(longestMs),
      };
      const attempt = await deliver(copy);
      if (attempt.kind === 'answered' && !Buffer.isBuffer(attempt.body)) {
        attempt.body.on('error', () => {});
        attempt.body.destroy();
      }
    } catch {
      // nobody waits for a copy
    } finally {
      running -= 1;
    }
  };
}
