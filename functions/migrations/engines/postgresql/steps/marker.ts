import type { Fence, StepResult } from '../../engine.ts';
import type { Session } from '../connection.ts';

/** What a finished step is remembered by, in the same transaction as its work where it has one. */
export interface Marker {
  lockWaitMs: number;
  attempts: number;
}

/** The marker of a step that was done before, or null. */
export async function findMarker(session: Session, fence: Fence, step: string): Promise<Marker | null> {
  const { rows } = await session.query<{ facts: Partial<Marker> }>(
    'SELECT facts FROM theseus.steps WHERE migration = $1 AND step = $2',
    [fence.migration, step],
  );
  const facts = rows[0]?.facts;
  return facts === undefined ? null : { lockWaitMs: facts.lockWaitMs ?? 0, attempts: facts.attempts ?? 1 };
}

export async function writeMarker(
  session: Session,
  fence: Fence,
  step: string,
  marker: Marker,
): Promise<void> {
  await session.query(
    `INSERT INTO theseus.steps (migration, step, epoch, facts) VALUES ($1, $2, $3, $4)
     ON CONFLICT (migration, step) DO NOTHING`,
    [fence.migration, step, fence.epoch, JSON.stringify(marker)],
  );
}

/** The result of a step that an earlier run has done. */
export function doneBefore(marker: Marker, durationMs: number): StepResult {
  return {
    status: 'done',
    already: true,
    lockWaitMs: marker.lockWaitMs,
    lockHoldMs: 0,
    attempts: 0,
    durationMs,
    progress: null,
  };
}
