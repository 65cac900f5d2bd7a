import { freeSlots } from './slots.ts';
import { deliverAnswers } from './tokens.ts';
import { findUpdate } from './update-store.ts';

/** Gives up the keys of an update; whoever waited for nobody else begins. */
export async function passOn(id: string): Promise<void> {
  for (const next of await freeSlots(id)) {
    const record = await findUpdate(next);
    if (record !== undefined) await deliverAnswers(record);
  }
}
