import { z } from 'zod';
import { clock } from '#platform/clock.ts';
import { useKeys } from '../experiments/keys.ts';
import { registeredFlags } from '../experiments/registered-flags.ts';
import { readKillSwitches } from '../kill-switches/record.ts';
import { readAll } from '../store.ts';
import { type LifeLimits, lifecycleOf } from './findings.ts';
import { outcomesOf } from './outcomes.ts';
import { readReferences } from './references.ts';
import type { FlagLifecycle } from './schemas.ts';

const Seen = z.object({ flag: z.string(), hour: z.string() });
const dayMs = 86_400_000;

/** The life of all flags of an environment, by key. Throws NotFound. */
export async function readLifecycle(
  environment: string,
  days: Pick<LifeLimits, 'staleDays' | 'unusedDays' | 'killedDays'>,
): Promise<FlagLifecycle[]> {
  const { written, definitions, evaluators } = await registeredFlags(environment);
  const [seen, { kills }, references] = await Promise.all([
    readAll(Seen, useKeys.seen(environment, '').pk, ''),
    readKillSwitches(environment),
    readReferences(environment),
  ]);
  const lastUsed = new Map(seen.map(({ flag, hour }) => [flag, `${hour}:00:00.000Z`]));
  const now = clock.now();
  const useIsReported = [...lastUsed.values()].some(
    (time) => now - Date.parse(time) < days.unusedDays * dayMs,
  );
  return [...written]
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([flag, { flag: author, createdAt, updatedAt }]) =>
      lifecycleOf(
        {
          flag,
          kind: author.kind,
          owner: author.owner,
          createdAt,
          updatedAt,
          expires: author.expires,
          outcomes: outcomesOf(definitions.get(flag) ?? {}, evaluators, Math.floor(now / 1_000)),
          lastUsed: lastUsed.get(flag) ?? null,
          killedAt: Object.hasOwn(kills, flag) ? (kills[flag]?.at ?? null) : null,
          references: references === null ? null : (references.get(flag) ?? 0),
        },
        { now, ...days, useIsReported },
      ),
    );
}
