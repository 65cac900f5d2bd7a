import { z } from 'zod';
import { task } from '#platform/task.ts';
import { listSecrets } from '../secrets/inventory.ts';
import { rotateDue } from '../secrets/rotation.ts';

/** Secrets that are looked at together. */
const pageSize = 50;

/** Changes the secrets that are due and that the platform may make itself; what fails is tried again the next time. */
export const handler = task({
  name: 'rotate-secrets',
  input: z.looseObject({}),
  output: z.strictObject({ rotated: z.int(), failed: z.int() }),
  async handler(_input, { signal, logger, metrics }) {
    let [rotated, failed] = [0, 0];
    let after: string | null = null;
    do {
      const page: Awaited<ReturnType<typeof listSecrets>> = await listSecrets(after, pageSize);
      for (const secret of page.items.filter(({ overdue, generated }) => overdue && generated)) {
        signal.throwIfAborted();
        try {
          await rotateDue(secret);
          rotated += 1;
        } catch (error) {
          failed += 1;
          metrics.count('RotationFailed');
          logger.error('secret not rotated', error instanceof Error ? error : String(error));
        }
      }
      after = page.next;
    } while (after !== null);
    return { rotated, failed };
  },
});
