import type { Outcomes } from './outcomes.ts';
import type { Finding, FlagLifecycle } from './schemas.ts';

/** What is known of one flag. */
export interface FlagLife {
  flag: string;
  kind: string;
  owner: string;
  createdAt: string;
  updatedAt: string;
  /** The day on which it should be gone. */
  expires: string | null;
  outcomes: Outcomes;
  /** The last hour in which its use was reported, as a time. */
  lastUsed: string | null;
  /** Since when a kill switch holds it. */
  killedAt: string | null;
  references: number | null;
}

export interface LifeLimits {
  /** Epoch ms. */
  now: number;
  /** Unchanged for so many days: stale. */
  staleDays: number;
  /** Not used for so many days: unused. */
  unusedDays: number;
  /** Killed for so many days: for long. */
  killedDays: number;
  /** Whether any use of the environment was reported in that time: without reports nobody knows what is unused. */
  useIsReported: boolean;
}

/** Kinds that are there to stay. */
const permanent = new Set(['operational', 'permission']);
const newDays = 7;
const dayMs = 86_400_000;

/** Where a flag is in its life, and what speaks for doing something about it. */
export function lifecycleOf(life: FlagLife, limits: LifeLimits): FlagLifecycle {
  const { now, staleDays, unusedDays, killedDays } = limits;
  const age = (time: string) => (now - Date.parse(time)) / dayMs;
  const findings: FlagLifecycle['findings'] = [];
  const add = (finding: Finding, since: string | null, detail: string) =>
    findings.push({ finding, since, detail });
  const isNew = age(life.createdAt) < newDays;
  if (!permanent.has(life.kind)) {
    if (age(life.updatedAt) >= staleDays)
      add('stale', life.updatedAt, `unchanged for ${Math.floor(age(life.updatedAt))} days`);
    const lastSign = life.lastUsed ?? life.createdAt;
    if (limits.useIsReported && age(lastSign) >= unusedDays)
      add(
        'unused',
        life.lastUsed,
        life.lastUsed === null
          ? 'no use was ever reported'
          : `not used for ${Math.floor(age(lastSign))} days`,
      );
    const [only] = life.outcomes;
    // A flag that was only just made is not at its end.
    if (life.outcomes.size === 1 && only !== undefined && !isNew)
      add(
        'settled',
        life.updatedAt,
        only === null ? 'everybody gets the default of the code' : `everybody gets ${only}`,
      );
  }
  if (life.expires !== null && now >= Date.parse(life.expires))
    add('expired', life.expires, `it should be gone since ${life.expires}`);
  if (life.killedAt !== null && age(life.killedAt) >= killedDays)
    add('killed', life.killedAt, `a kill switch holds it for ${Math.floor(age(life.killedAt))} days`);
  const stage = isNew ? 'new' : findings.some(({ finding }) => finding === 'stale') ? 'stale' : 'active';
  const { flag, kind, owner, lastUsed, references, createdAt, updatedAt } = life;
  return {
    flag,
    kind,
    owner,
    stage,
    findings,
    outcomes: [...life.outcomes],
    lastUsed,
    references,
    createdAt,
    updatedAt,
  };
}
