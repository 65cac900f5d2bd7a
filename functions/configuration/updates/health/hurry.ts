import { clock } from '#platform/clock.ts';
import { deliverAnswers } from '../tokens.ts';
import { changeUpdate, findUpdate, readUpdateWork } from '../update-store.ts';

/** Makes the next look due at once of the updates under watch that affect a service: it has reported that it cannot use a value. */
export async function hurryHealth(service: string): Promise<void> {
  const { ids } = await readUpdateWork();
  for (const id of ids) {
    const found = await findUpdate(id);
    if (found?.phase !== 'health' || !found.services.some((one) => one.service === service)) continue;
    const record = await changeUpdate(id, ({ phase, health }) =>
      phase === 'health' ? { set: { health: { ...health, hurriedAt: clock.iso() } } } : undefined,
    );
    await deliverAnswers(record);
  }
}
