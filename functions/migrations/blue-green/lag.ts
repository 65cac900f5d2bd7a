import { clock } from '#platform/clock.ts';
import { type Stream, streamsOf } from '../engines/postgresql/blue-green/sides.ts';
import { type Lag, lagOf } from '../engines/postgresql/blue-green/streams.ts';
import { LagTooGreat, ReplicationLost } from '../errors.ts';
import type { Pair } from './pair.ts';
import { changeState } from './record.ts';

/** Throws LagTooGreat when a server keeps more of its log for the other than it may, ReplicationLost. */
async function refuseLag(stream: Stream, maxLagBytes: number): Promise<Lag> {
  const lag = await lagOf(stream);
  if (lag.keptBytes <= maxLagBytes) return lag;
  throw new LagTooGreat(
    `${lag.keptBytes} bytes of log are kept for ${stream.name}, more than ${maxLagBytes}`,
    {
      evidence: { stream: stream.name, ...lag, maxLagBytes },
      action: 'Plan it again for a quieter time, or with a greater max_slot_lag_bytes if the disk has room.',
    },
  );
}

/** Of a way that is not needed now, or not there yet; null then. */
async function otherLag(stream: Stream): Promise<Lag | null> {
  try {
    return await lagOf(stream);
  } catch (error) {
    if (error instanceof ReplicationLost) return null;
    throw error;
  }
}

/**
 * Looks how far each side is behind the other and writes it down. Throws LagTooGreat and ReplicationLost of the ways that
 * are `needed`.
 */
export async function lookAtLag(pair: Pair, needed: { toGreen: boolean; toBlue: boolean }): Promise<void> {
  const { toGreen, toBlue } = streamsOf(pair.record.id, pair);
  const { maxLagBytes } = pair.plan;
  const back = needed.toBlue ? await refuseLag(toBlue, maxLagBytes) : await otherLag(toBlue);
  const forth = needed.toGreen ? await refuseLag(toGreen, maxLagBytes) : await otherLag(toGreen);
  await changeState(pair.record.id, { lag: { at: clock.iso(), toGreen: forth, toBlue: back } });
}
