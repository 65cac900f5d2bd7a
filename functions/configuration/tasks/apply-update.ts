import { z } from 'zod';
import { clock } from '#platform/clock.ts';
import { task } from '#platform/task.ts';
import { changeWanted } from '../updates/acting.ts';
import { named } from '../updates/named.ts';
import type { UpdateRecord } from '../updates/records.ts';
import { TaskOfUpdate } from '../updates/schemas.ts';
import type { Change } from '../updates/update-store.ts';
import { writeAll } from '../updates/writing.ts';

/** Writes every value as its next version, each once however often it is run. Throws UpdateConflict. */
export const handler = task({
  name: 'apply-update',
  input: TaskOfUpdate,
  output: z.strictObject({ written: z.int() }),
  async handler(acting, { signal }) {
    // From here on the way back writes: who is cut off may have written, or still write.
    const record = await changeWanted(acting, ({ applying }) =>
      applying ? undefined : { set: { applying: true, phase: 'apply', status: 'running' } },
    );
    const after = await writeAll(record, acting, signal);
    await changeWanted(acting, (current) =>
      current.phase === 'apply' ? applied(current, after) : undefined,
    );
    return { written: after.length };
  },
});

/** Which keys have which version now; what they say is in no event. */
function applied({ changes, services }: UpdateRecord, after: readonly number[]): Change {
  const written = changes.map((change, at) => ({ ...change, after: after[at] ?? null }));
  const names = written.map(({ key, after: version }) => ({ ...named(key), version }));
  return {
    set: { changes: written, appliedAt: clock.iso(), phase: 'notify' },
    events: [
      {
        type: 'configuration.updated',
        actor: 'theseus',
        data: { changes: names, services: services.map(({ service }) => service) },
      },
    ],
  };
}
