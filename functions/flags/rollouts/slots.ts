import { clock } from '#platform/clock.ts';
import { RecordContended } from '#platform/errors.ts';
import { absent } from '#platform/records.ts';
import { RolloutInProgress } from '../errors.ts';
import { deleteItem, keys, readAll, readItem, writeItem } from '../store.ts';
import { RolloutSlot } from './records.ts';
import { findRollout, isOpen } from './rollout-store.ts';

/** Whoever takes a flag stores the rollout right after; later it was cut off between. */
const storedWithinMs = 60_000;

/** Rollouts that have flags of an environment now. */
export const openRollouts = (environment: string): Promise<RolloutSlot[]> =>
  readAll(RolloutSlot, keys.rolloutSlot(environment, '').pk, '');

/** Throws RolloutInProgress while another rollout has the flag. Returns the one that had it and is over, if any. */
export async function assertFree(
  environment: string,
  flag: string,
  id: string,
): Promise<RolloutSlot | undefined> {
  const found = await readItem(RolloutSlot, keys.rolloutSlot(environment, flag));
  if (found === undefined || found.id === id || (await isForgotten(found))) return found;
  throw new RolloutInProgress(`${found.id} has ${flag} in ${environment}`, {
    evidence: { environment, flag, expected: 'nobody', found: found.id },
    action: `See how it stands: theseus flag rollout show ${found.id}; or end it: theseus flag rollout rollback ${found.id} --why <why>`,
  });
}

/** Gives a flag to a rollout; what it has already it keeps. Throws RolloutInProgress while another one has it. */
export async function takeFlag(
  environment: string,
  flag: string,
  { id, counts }: Pick<RolloutSlot, 'id' | 'counts'>,
): Promise<void> {
  const before = await assertFree(environment, flag, id);
  if (before?.id === id) return;
  const slot: RolloutSlot = { id, flag, counts, at: clock.iso() };
  const asFound = before === undefined ? absent : { expression: 'id = :id', values: { ':id': before.id } };
  if (await writeItem(keys.rolloutSlot(environment, flag), slot, asFound)) return;
  // Somebody took it between.
  await assertFree(environment, flag, id);
  throw new RecordContended(`${flag} was taken and let go meanwhile`, {
    evidence: { environment, flag },
    action: 'Repeat the request.',
  });
}

async function isForgotten({ id, at }: RolloutSlot): Promise<boolean> {
  const record = await findRollout(id);
  if (record !== undefined) return !isOpen(record) && record.status !== 'needs_attention';
  return Date.parse(at) + storedWithinMs < clock.now();
}

/** Lets go of a flag, unless somebody else has it by now. */
export async function freeFlag(environment: string, flag: string, id: string): Promise<void> {
  const mine = { expression: 'id = :id', values: { ':id': id } };
  await deleteItem(keys.rolloutSlot(environment, flag), mine);
}
