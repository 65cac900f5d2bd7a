import { clock } from '#platform/clock.ts';
import { deliverAnswers } from '../decisions/tokens.ts';
import { changeDeployment, findDeployment, isActive } from '../deployment-store.ts';
import type { DeploymentRecord, SlotRecord } from '../records.ts';
import { freeSlot } from '../slots.ts';

// Who comes next. That somebody waits ends the time in which the one before only keeps its old version.

/** Asks the holder of a slot to let go when it does nothing any more but keep its old version. */
export async function makeRoom({ holder }: SlotRecord, waiting: string): Promise<void> {
  if (holder === null || holder === waiting) return;
  const found = await findDeployment(holder);
  if (found === undefined) return;
  const record = await changeDeployment(holder, ({ status, finish, cancel, release }) =>
    release?.holds || status !== 'keeping_blue' || finish !== null || cancel !== null
      ? undefined
      : {
          set: { finish: { by: 'theseus', at: clock.iso(), comment: `${waiting} comes next` } },
          events: [{ type: 'deployment.superseded', actor: 'theseus', data: { by: waiting } }],
        },
  );
  await deliverAnswers(record);
}

/** Gives up the deployment's turn, or its place among those that wait; whoever is next begins. */
export async function passOn({ slot, id }: DeploymentRecord): Promise<void> {
  const holder = await freeSlot(slot, id);
  const next = holder === null ? undefined : await findDeployment(holder);
  if (next !== undefined) await deliverAnswers(next);
}

/** Frees a slot whose holder is over, or was never stored: nobody else would. */
export async function freeForgotten({ holder }: SlotRecord, slot: string): Promise<void> {
  if (holder === null) return;
  const found = await findDeployment(holder);
  if (found !== undefined && (isActive(found.status) || found.status === 'needs_attention')) return;
  await freeSlot(slot, holder);
}
