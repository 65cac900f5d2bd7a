import { z } from 'zod';
import { clock } from '#platform/clock.ts';
import { task } from '#platform/task.ts';
import { ServiceUnhealthy } from '../errors.ts';
import { changeWanted, readWanted } from '../updates/acting.ts';
import { lookAround, reportedFailures } from '../updates/health/look.ts';
import { judge } from '../updates/health/verdict.ts';
import { type Look, TaskOfUpdate } from '../updates/schemas.ts';

/** What is shown of a look: the ill first. */
const mostShown = 50;

/** Asks every affected service whether it is well, and says when to look again. Throws ServiceUnhealthy. */
export const handler = task({
  name: 'look-at-health',
  input: TaskOfUpdate,
  output: z.strictObject({ next: z.enum(['hold', 'end']), waitSeconds: z.int().min(1) }),
  async handler(acting) {
    const record = await readWanted(acting);
    const lookedAt = clock.iso();
    const [{ seen, unknown }, reported] = await Promise.all([lookAround(record), reportedFailures(record)]);
    const verdict = judge(record, { seen, unknown, ...reported }, clock.now());
    const shown = [...reported.failures, ...seen].toSorted(
      (one, other) => Number(one.well) - Number(other.well),
    );
    const bad = verdict.kind === 'hold' ? verdict.bad : 0;
    await changeWanted(acting, ({ health }) => ({
      set: { health: { ...health, lookedAt, looks: health.looks + 1, bad, seen: shown.slice(0, mostShown) } },
    }));
    if (verdict.kind === 'ill') throw unhealthy(verdict.ill);
    if (verdict.kind === 'well') return { next: 'end' as const, waitSeconds: 1 };
    return { next: 'hold' as const, waitSeconds: Math.ceil(verdict.waitMs / 1_000) };
  },
});

function unhealthy(ill: readonly Look[]): ServiceUnhealthy {
  const [first] = ill;
  const known = first === undefined || first.service === null || first.service === first.place;
  const of = known ? '' : `${first.service}: `;
  return new ServiceUnhealthy(
    `${of}${first?.place} ${first?.detail}${ill.length > 1 ? `, and ${ill.length - 1} more` : ''}`,
    {
      evidence: { expected: 'well', unhealthy: ill.slice(0, 10) },
      action:
        'The values from before are in force again. Look at the log of the service before you try another one.',
    },
  );
}
