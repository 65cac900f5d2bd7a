import { parentPort, workerData } from 'node:worker_threads';
import { z } from 'zod';

/**
 * One function's process: imports its bundle and nothing else of the product, runs it as Lambda's runtime does, and
 * answers by messages. What the function finds in its environment is all it knows of its surroundings.
 */
const Invocation = z.object({
  id: z.int(),
  event: z.string(),
  context: z.record(z.string(), z.unknown()),
  /** Epoch ms at which Lambda would cut it off. */
  deadline: z.number(),
});
const { entry } = z.object({ entry: z.url() }).parse(workerData);

parentPort?.on('message', async (message: unknown) => {
  const { id, event, context, deadline } = Invocation.parse(message);
  try {
    const { handler } = await import(entry);
    const getRemainingTimeInMillis = () => Math.max(0, deadline - Date.now());
    const answer: unknown = await handler(JSON.parse(event), { ...context, getRemainingTimeInMillis });
    parentPort?.postMessage({ id, answer: JSON.stringify(answer) ?? 'null' });
  } catch (error) {
    const { name, message: text, stack } = error instanceof Error ? error : new Error(String(error));
    parentPort?.postMessage({ id, failure: { name, message: text, stack } });
  }
});
