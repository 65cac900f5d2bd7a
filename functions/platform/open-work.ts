import type { Place, WorkPage } from './records.ts';
import type { TaskTools } from './task.ts';

/** Pages of work that one run of a sweeper looks at; what is not reached is the next run's. */
const mostPages = 20;

/** Reads a page of ids of what is open. */
export type ReadWork = (from?: Place) => Promise<WorkPage>;

/** Does something for everything that is open, one after the other, at most 2,000; ends when the task's time is over. */
export async function forAllOpen(
  read: ReadWork,
  { signal }: Pick<TaskTools, 'signal'>,
  act: (id: string) => Promise<unknown>,
): Promise<void> {
  let from: Place | undefined;
  for (let page = 0; page < mostPages; page += 1) {
    const work = await read(from);
    for (const id of work.ids) {
      signal.throwIfAborted();
      await act(id);
    }
    from = work.next;
    if (from === undefined) break;
  }
}

/**
 * Looks at everything that is open. `reconcile` brings one on when nobody else does and says whether it had to; its
 * failure is logged as of this `noun` and does not keep the others from their turn.
 */
export async function reconcileOpen(
  noun: string,
  read: ReadWork,
  tools: Pick<TaskTools, 'signal' | 'logger' | 'metrics'>,
  reconcile: (id: string) => Promise<boolean>,
): Promise<{ looked: number; acted: number }> {
  let looked = 0;
  let acted = 0;
  await forAllOpen(read, tools, async (id) => {
    looked += 1;
    try {
      if (await reconcile(id)) acted += 1;
    } catch (error) {
      tools.metrics.count('ReconcileFailed');
      tools.logger.error(`${noun} not reconciled`, error instanceof Error ? error : String(error));
    }
  });
  return { looked, acted };
}
