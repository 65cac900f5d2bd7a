import { z } from 'zod';
import { task } from '#platform/task.ts';
import { reconcileReencryption } from '../secrets/reencryption/execution.ts';
import { lastReencryption } from '../secrets/reencryption/reencryption-store.ts';

/** Brings a re-encryption on that nobody brings on. */
export const handler = task({
  name: 'tend-secrets',
  input: z.looseObject({}),
  output: z.strictObject({ acted: z.boolean() }),
  async handler() {
    const record = await lastReencryption();
    return { acted: record !== undefined && (await reconcileReencryption(record)) };
  },
});
