import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { z } from 'zod';
import type { HandlerModule } from '#local/lambda/runtime.ts';
import type { Invocation } from './process.ts';

const Reply = z.union([
  z.object({ id: z.int(), answer: z.string() }),
  z.object({
    id: z.int(),
    failure: z.object({ name: z.string(), message: z.string(), stack: z.string().optional() }),
  }),
]);

export interface BundledFunction {
  load: () => Promise<HandlerModule>;
  /** Ends its process, whatever it does. */
  stop: () => Promise<void>;
}

/**
 * A function of Lambda as a thread with its own module state and its own environment, which holds the given variables
 * and nothing of this process. Started when it is loaded; a crash fails what it was doing.
 */
export function bundledFunction(bundle: string, variables: () => Record<string, string>): BundledFunction {
  let worker: Worker | undefined;
  const waiting = new Map<number, { resolve: (answer: unknown) => void; reject: (error: Error) => void }>();
  let invocations = 0;

  function start(): Worker {
    const started = new Worker(new URL('./process.ts', import.meta.url), {
      workerData: { entry: pathToFileURL(bundle).href },
      env: variables(),
      execArgv: [],
      stdout: true, // logs and metrics; nobody reads them
    });
    started.on('message', (message: unknown) => {
      const reply = Reply.parse(message);
      const caller = waiting.get(reply.id);
      waiting.delete(reply.id);
      if ('answer' in reply) caller?.resolve(JSON.parse(reply.answer));
      else caller?.reject(Object.assign(new Error(reply.failure.message), reply.failure));
    });
    started.on('error', (error) => {
      for (const { reject } of waiting.values()) reject(error);
      waiting.clear();
      worker = undefined;
    });
    return started;
  }

  return {
    load: async () => ({
      handler: (event, { getRemainingTimeInMillis, done, fail, succeed, ...context }) =>
        new Promise((resolve, reject) => {
          worker ??= start();
          invocations += 1;
          waiting.set(invocations, { resolve, reject });
          const deadline = Date.now() + getRemainingTimeInMillis();
          const invocation: Invocation = { id: invocations, event: JSON.stringify(event), context, deadline };
          worker.postMessage(invocation);
        }),
    }),
    async stop() {
      await worker?.terminate();
      worker = undefined;
    },
  };
}
