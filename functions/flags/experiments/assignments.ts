import { z } from 'zod';
import { clock } from '#platform/clock.ts';
import { absent, type ItemKey } from '#platform/records.ts';
import { readItem, writeItem } from '../store.ts';
import { type Flags, splitText } from './accept.ts';
import type { AssignmentAsk, Assignments } from './assignment-schemas.ts';
import { ensureExperiment } from './experiment-store.ts';
import { expiryAfter, keptMs, useKeys } from './keys.ts';
import { forEachOf } from './parallel.ts';
import { personHash } from './people.ts';

const Stored = z.object({ variant: z.string() });
const attempts = 5;

/**
 * The variant that stays with each user while the experiment runs: the one that was asked for first. One that the flag has
 * no more is given up for the one that is asked for now.
 */
export async function assign(
  environment: string,
  { asks }: AssignmentAsk,
  flags: Flags,
): Promise<Assignments> {
  const hash = await personHash(environment);
  const wanted = [...new Set(asks.map(({ flag }) => flag))].filter((flag) => flags.get(flag)?.sticky);
  const runs = new Map<string, number>();
  await forEachOf(wanted, 16, async (flag) => {
    runs.set(flag, (await ensureExperiment(environment, flag)).run);
  });
  const assignments = asks.map((ask) => ({ ...ask, sticky: false }));
  await forEachOf(assignments, 16, async (one) => {
    const facts = flags.get(one.flag);
    const run = runs.get(one.flag);
    if (facts === undefined || run === undefined || !facts.variants.includes(one.variant)) return;
    const key = useKeys.assignment(environment, hash(one.targetingKey), run, one.flag);
    const split = splitText(facts, one.variant);
    one.variant = await firstVariant(key, { variant: one.variant, split }, facts.variants);
    one.sticky = true;
  });
  return { assignments };
}

async function firstVariant(
  key: ItemKey,
  asked: { variant: string; split: string | null },
  variants: readonly string[],
): Promise<string> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const found = await readItem(Stored, key);
    if (found !== undefined && variants.includes(found.variant)) return found.variant;
    const item = { ...asked, at: clock.iso(), expiresAt: expiryAfter(clock.now(), keptMs) };
    const condition =
      found === undefined ? absent : { expression: 'variant = :gone', values: { ':gone': found.variant } };
    if (await writeItem(key, item, condition)) return asked.variant;
  }
  // Others keep on changing it: what was asked for is what was evaluated.
  return asked.variant;
}
