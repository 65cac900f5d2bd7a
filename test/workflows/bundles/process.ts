import { parentPort, workerData } from 'node:worker_threads';

/**
 * One function's process: imports its bundle and nothing else of the product, runs it as Lambda's runtime does, and
 * answers by messages. What the function finds in its environment is all it knows of its surroundings. Half a hundred of
 * them are started: to load anything besides the bundle would be most of what that takes.
 */
export interface Invocation {
  id: number;
  event: string;
  context: object;
  /** Epoch ms at which Lambda would cut it off. */
  deadline: number;
}
/** As function.ts gives it. */
const { entry }: { entry: string } = workerData;

parentPort?.on('message', async ({ id, event, context, deadline }: Invocation) => {
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
