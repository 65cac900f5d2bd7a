import { z } from 'zod';
import { clock } from '#platform/clock.ts';
import { task } from '#platform/task.ts';
import { type Standing, standingsOf } from '../releases/members.ts';
import { readRelease } from '../releases/release-store.ts';
import { type FlagStanding, TaskOfRelease } from '../releases/schemas.ts';
import { changeBack } from '../releases/workflow.ts';

const back = new Set<Standing['status']>([null, 'rolled_back', 'failed', 'cancelled']);

/** What is not where it was before the release began. */
const needsOf = (standings: Standing[], flags: FlagStanding[]): string[] => [
  ...standings
    .filter(({ status }) => !back.has(status))
    .map(({ service, deployment, status }) => `${service} is not back: ${deployment} is ${status}`),
  ...flags
    .filter(({ state }) => state !== 'old')
    .map(
      ({ flag, from, problem }) =>
        `The flag ${flag} may not be ${from === undefined ? 'as it was' : JSON.stringify(from)}: ${problem ?? 'not known'}`,
    ),
];

/** Ends a release that went back: rolled back, or with the names of what a person has to look at. */
export const handler = task({
  name: 'end-release',
  input: TaskOfRelease.extend({ error: z.string().optional() }),
  output: z.strictObject({ status: z.string() }),
  async handler({ error, ...acting }, { metrics, logger }) {
    const { members, flags } = await readRelease(acting.releaseId);
    const found = needsOf(await standingsOf(members), flags);
    const needs = found.length === 0 && error !== undefined ? [`The way back failed: ${error}`] : found;
    const { status } = await changeBack(acting, (record) => {
      if (record.status !== 'rolling_back') return undefined;
      const ends = needs.length === 0 ? ('rolled_back' as const) : ('needs_attention' as const);
      return {
        set: { status: ends, needs, endedAt: clock.iso() },
        events: [{ type: `release.${ends}`, actor: 'theseus', data: { needs } }],
      };
    });
    metrics.count(status === 'rolled_back' ? 'ReleaseRolledBack' : 'NeedsAttention');
    if (needs.length > 0)
      logger.error('a release did not go back whole', { release: acting.releaseId, needs });
    return { status };
  },
});
