import { z } from 'zod';
import { clock } from '#platform/clock.ts';
import { readItem, writeItem } from '../store.ts';
import { type BatchName, type BatchPlan, closeBatch, findBatch } from './batches.ts';
import { hourOf } from './events.ts';
import { changeExperiment } from './experiment-store.ts';
import { isFirst } from './first-seen.ts';
import { expiryAfter, keptMs, useKeys } from './keys.ts';
import { forEachOf } from './parallel.ts';
import { addUse, type FlagUse, noUse } from './use.ts';
import { addBatch } from './use-store.ts';

/** Calls of the table at once. */
const width = 16;

/** What a batch adds, by flag and hour. */
class Brought {
  readonly parts = new Map<string, { flag: string; hour: string; use: FlagUse }>();

  add(flag: string, hour: string, use: Partial<FlagUse>): void {
    const key = JSON.stringify([flag, hour]);
    const before = this.parts.get(key)?.use ?? noUse;
    this.parts.set(key, { flag, hour, use: addUse(before, { ...noUse, ...use }) });
  }
}

const Assigned = z.object({ split: z.string().nullable() });

/**
 * Counts a batch that was accepted. Every write has the same effect however often it happens: people are noted once with
 * the batch that brought them, an hour knows the batches that are in it, and only when all is written the batch is closed.
 * Cut off anywhere, the next run finishes what this one began; nothing is lost or counted twice.
 */
export async function carryOut(name: BatchName): Promise<void> {
  const batch = await findBatch(name);
  if (batch?.plan === undefined) return;
  const { environment } = name;
  const label = `${name.kind}:${name.id}`;
  const brought = new Brought();
  for (const { flag, hour, evaluations } of batch.plan.use) brought.add(flag, hour, { evaluations });
  await forEachOf(
    batch.plan.exposures,
    width,
    async ({ flag, run, person, variant, sticky, at, split: current }) => {
      const assigned = sticky
        ? await readItem(Assigned, useKeys.assignment(environment, person, run, flag))
        : undefined;
      // Chance decided when the variant was assigned.
      const split = assigned === undefined ? current : assigned.split;
      const key = useKeys.exposure(environment, person, run, flag);
      if (await isFirst(key, label, { flag, run, variant, split, at }))
        brought.add(flag, hourOf(at), { exposed: [{ run, variant, split, users: 1 }] });
    },
  );
  await forEachOf(
    batch.plan.conversions,
    width,
    async ({ flag, run, variant, metric, person, value, at, exposedAt }) => {
      const key = useKeys.conversion(environment, person, run, metric, flag);
      if (!(await isFirst(key, label, { flag, run, metric, variant, value, at }))) return;
      const amount = value ?? 0;
      const one = {
        run,
        variant,
        metric,
        users: 1,
        values: value === null ? 0 : 1,
        sum: amount,
        squares: amount ** 2,
      };
      // In the hour in which the person came: users and what they did later are of one group, whatever the window.
      brought.add(flag, hourOf(exposedAt), { conversions: [one] });
    },
  );
  const parts = [...brought.parts.values()];
  await forEachOf(parts, width, ({ flag, hour, use }) => addBatch(environment, flag, hour, label, use));
  await noteSeen(environment, batch.plan);
  const experiments = new Set(parts.filter(({ use }) => use.exposed.length > 0).map(({ flag }) => flag));
  await forEachOf([...experiments], width, (flag) => lookAgain(environment, flag));
  await closeBatch(name, batch.accepted);
}

/** There are new users: whether they are split as they should be has to be looked at. */
const lookAgain = (environment: string, flag: string): Promise<unknown> =>
  changeExperiment(environment, flag, ({ dueSince }) =>
    dueSince === null ? { set: { dueSince: clock.iso() } } : undefined,
  );

/** Enters the last hour in which each flag was used. */
async function noteSeen(environment: string, { use }: BatchPlan): Promise<void> {
  const last = new Map<string, string>();
  for (const { flag, hour } of use) if (hour > (last.get(flag) ?? '')) last.set(flag, hour);
  await forEachOf([...last], width, async ([flag, hour]) => {
    const item = { flag, hour, expiresAt: expiryAfter(clock.now(), keptMs) };
    await writeItem(useKeys.seen(environment, flag), item, {
      expression: 'attribute_not_exists(pk) OR #hour < :hour',
      names: { '#hour': 'hour' },
      values: { ':hour': hour },
    });
  });
}
