import { z } from 'zod';
import { task } from '#platform/task.ts';
import { changeWanted, readWanted } from '../updates/acting.ts';
import { conflictOf } from '../updates/conflict.ts';
import { lookAround } from '../updates/health/look.ts';
import { TaskOfUpdate } from '../updates/schemas.ts';
import { readValue } from '../values/store.ts';

/** Writes down which versions are in force, which history keeps, and what is not well already. Throws UpdateConflict. */
export const handler = task({
  name: 'back-up-values',
  input: TaskOfUpdate,
  output: z.strictObject({ approval: z.boolean() }),
  async handler(acting) {
    const wanted = await readWanted(acting);
    const before = await Promise.all(
      wanted.changes.map(async ({ key, expectedVersion }) => {
        const version = (await readValue(key))?.version ?? 0;
        if (expectedVersion !== null && expectedVersion !== version)
          throw conflictOf(key, expectedVersion, version);
        return version;
      }),
    );
    const { seen, unknown } = await lookAround(wanted);
    const illBefore = seen.flatMap(({ well, place }) => (well ? [] : [place]));
    const record = await changeWanted(acting, ({ phase, changes, health, approval }) =>
      phase !== 'back_up'
        ? undefined
        : {
            set: {
              changes: changes.map((change, at) => ({ ...change, before: before[at] ?? 0 })),
              health: { ...health, illBefore, skipped: [...unknown] },
              ...(approval === 'waiting'
                ? { phase: 'approval' as const, status: 'waiting_for_approval' as const }
                : {}),
            },
            events: [
              { type: 'update.backed_up', actor: 'theseus', data: { versions: before } },
              ...(approval === 'waiting' ? [{ type: 'update.approval_needed', actor: 'theseus' }] : []),
            ],
          },
    );
    return { approval: record.approval === 'waiting' };
  },
});
