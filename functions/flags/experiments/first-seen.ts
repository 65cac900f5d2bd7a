import { z } from 'zod';
import { clock } from '#platform/clock.ts';
import { absent, type ItemKey } from '#platform/records.ts';
import { readItem, writeItem } from '../store.ts';
import { expiryAfter, keptMs } from './keys.ts';

/** What is known once of a person, by the batch that brought it. */
const Once = z.object({ batch: z.string() });

/**
 * Keeps what a batch says of a person if nobody said it before. True when this batch was the first, in this run or in one
 * that was cut off: items of people never change, so every run of a batch gets the same answer.
 */
export async function isFirst(key: ItemKey, batch: string, said: Record<string, unknown>): Promise<boolean> {
  const found = await readItem(Once, key);
  if (found !== undefined) return found.batch === batch;
  const item = { ...said, batch, expiresAt: expiryAfter(clock.now(), keptMs) };
  if (await writeItem(key, item, absent)) return true;
  return (await readItem(Once, key))?.batch === batch;
}
