import { findRollout } from './rollout-store.ts';
import { openRollouts } from './slots.ts';
import { deliverAnswers } from './tokens.ts';

/** Lets the rollouts of an environment go on that waited for what happened to its flags. */
export async function wakeRollouts(environment: string): Promise<void> {
  for (const { id } of await openRollouts(environment)) {
    const record = await findRollout(id);
    if (record !== undefined) await deliverAnswers(record);
  }
}
