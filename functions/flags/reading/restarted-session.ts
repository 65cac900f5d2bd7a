import { z } from 'zod';
import { clock } from '#platform/clock.ts';
import type { Feed } from './feed.ts';

/** How often it is looked whether a deployment has ended, ms. */
const lookMs = 500;

/** The session's own cursor, when it may be asked again (epoch ms), and which deployments had ended by then. */
const Cursor = z.object({ session: z.string().optional(), dueAt: z.number(), ended: z.string().nullable() });

/**
 * A session of AppConfig that is begun anew when a deployment has ended: AppConfig answers a session every 15 s at most,
 * and a new one at once. `ended` names the deployments that have; while it cannot be read, the session goes on at its
 * own pace.
 */
export function restartedSession(session: Feed, ended: () => Promise<string>): Feed {
  return {
    ...session,
    intervalMs: lookMs,
    async ask(cursor, signal) {
      const before = cursor === undefined ? undefined : Cursor.parse(JSON.parse(cursor));
      const now = await ended().catch(() => before?.ended ?? null);
      const isAsBefore = before !== undefined && before.ended === now;
      if (isAsBefore && clock.now() < before.dueAt) return { cursor };
      const {
        cursor: next,
        restMs = session.intervalMs,
        ...answer
      } = await session.ask(isAsBefore ? before.session : undefined, signal);
      const after: z.infer<typeof Cursor> = { session: next, dueAt: clock.now() + restMs, ended: now };
      return { ...answer, cursor: JSON.stringify(after) };
    },
  };
}
