import { z } from 'zod';
import { clock } from '#platform/clock.ts';
import { PayloadTooLarge } from '#platform/errors.ts';
import { absent } from '#platform/records.ts';
import { readItem, writeItem } from '../store.ts';
import { batchKeptMs, expiryAfter, useKeys, useWork, workId } from './keys.ts';
import { FlagUse } from './use.ts';

/** Everything that a batch will change, decided when it is accepted: whoever carries it out, and how often, does the same. */
export const BatchPlan = z.object({
  /** Evaluations by flag and hour. */
  use: z.array(z.object({ flag: z.string(), hour: z.string(), evaluations: FlagUse.shape.evaluations })),
  /** People who saw a variant of an experiment; each counts if nobody saw them before. */
  exposures: z.array(
    z.object({
      flag: z.string(),
      run: z.int(),
      variant: z.string(),
      split: z.string().nullable(),
      sticky: z.boolean(),
      person: z.string(),
      at: z.string(),
    }),
  ),
  /** What people did who saw a variant before; each counts once. */
  conversions: z.array(
    z.object({
      flag: z.string(),
      run: z.int(),
      variant: z.string(),
      exposedAt: z.string(),
      metric: z.string(),
      person: z.string(),
      value: z.number().nullable(),
      at: z.string(),
    }),
  ),
});
export type BatchPlan = z.infer<typeof BatchPlan>;

export type BatchKind = 'exposures' | 'tracks';
export interface BatchName {
  environment: string;
  kind: BatchKind;
  /** As its sender chose it. */
  id: string;
}

const BatchRecord = z.object({
  schemaVersion: z.literal(1),
  acceptedAt: z.string(),
  /** The answer that its sender got. */
  accepted: z.int(),
  /** JSON of a BatchPlan; gone when it is counted. */
  plan: z.string().optional(),
});

/** Characters of a plan; DynamoDB takes 400 kB. */
const mostCharacters = 350_000;

const planOf = (text: string | undefined): BatchPlan | undefined =>
  text === undefined ? undefined : BatchPlan.parse(JSON.parse(text));

const keyOf = ({ environment, kind, id }: BatchName) => useKeys.batch(environment, kind, id);

/** A batch that was accepted; its plan is undefined when it was counted. */
export interface Batch {
  accepted: number;
  plan: BatchPlan | undefined;
}

export async function findBatch(name: BatchName): Promise<Batch | undefined> {
  const found = await readItem(BatchRecord, keyOf(name));
  return found && { accepted: found.accepted, plan: planOf(found.plan) };
}

/** Keeps a batch with its plan; false when it is there already, with the plan that it got then. Throws PayloadTooLarge. */
export function keepBatch(name: BatchName, accepted: number, plan: BatchPlan): Promise<boolean> {
  const text = JSON.stringify(plan);
  if (text.length > mostCharacters) {
    throw new PayloadTooLarge('The batch concerns more than can be kept of one', {
      evidence: { batch: name.id, conversions: plan.conversions.length, exposures: plan.exposures.length },
      action: 'Send it in two parts, each under an id of its own.',
    });
  }
  const at = clock.iso();
  return writeItem(
    keyOf(name),
    {
      schemaVersion: 1,
      acceptedAt: at,
      accepted,
      plan: text,
      gsi1pk: useWork.batches,
      gsi1sk: `${at}#${workId(name.environment, name.kind, name.id)}`,
    },
    absent,
  );
}

/** Notes that a batch is counted: what remains of it is that it was here. */
export async function closeBatch(name: BatchName, accepted: number): Promise<void> {
  const now = clock.now();
  await writeItem(keyOf(name), {
    schemaVersion: 1,
    acceptedAt: new Date(now).toISOString(),
    accepted,
    expiresAt: expiryAfter(now, batchKeptMs),
  });
}
