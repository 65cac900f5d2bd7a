import { clock } from '#platform/clock.ts';
import { TheseusError } from '#platform/errors.ts';
import type { TaskTools } from '#platform/task.ts';
import { runOptions } from '../databases/target.ts';
import { streamsOf } from '../engines/postgresql/blue-green/sides.ts';
import { LagTooGreat, ReplicationLost } from '../errors.ts';
import { enterPhase } from '../executions/history.ts';
import { changeMigration, readMigration } from '../migration-store.ts';
import { lookAtLag } from './lag.ts';
import { type Pair, withPair } from './pair.ts';
import { changeState } from './record.ts';
import { waitSeconds } from './soak.ts';
import { compareSides, differencesOf } from './verify.ts';

/** Of each look's time for comparing rows, ms. */
const comparingMs = 300_000;

/**
 * Looks after the soak: how far the old database is behind, and whether both have the same rows. The way back is given up
 * before its log fills the new one's disk. Returns how long until the next look, s; 0: the soak is over. What cannot be
 * reached is said and looked at again: clients are served by the new database meanwhile.
 */
export async function watchSoak(
  { migrationId, epoch }: { migrationId: string; epoch: number },
  tools: TaskTools,
): Promise<{ waitSeconds: number }> {
  const record = await enterPhase(migrationId, epoch, 'soak');
  try {
    await withPair(record, { migration: migrationId, epoch }, 'watch', async (pair) => {
      await lookAtLag(pair, { toGreen: pair.plan.twoWay, toBlue: true });
      await lookAtRows(pair, epoch, tools);
    });
  } catch (error) {
    if (error instanceof LagTooGreat || error instanceof ReplicationLost) {
      await changeState(migrationId, { givenUp: error.message }, [
        { type: 'undo.given_up', actor: 'theseus', data: { reason: error.message } },
      ]);
    } else if (error instanceof TheseusError && error.retryable) {
      tools.logger.warn('the soak could not be looked at', { error: error.name });
    } else throw error;
  }
  return { waitSeconds: waitSeconds(await readMigration(migrationId), clock.now()) };
}

async function lookAtRows(pair: Pair, epoch: number, tools: TaskTools): Promise<void> {
  const { until, signal } = runOptions(tools);
  const { toBlue } = streamsOf(pair.record.id, pair);
  const limit = { until: Math.min(until, clock.now() + comparingMs), signal };
  const { ranges } = await compareSides(pair, toBlue, { stage: 'verify-published', epoch }, limit);
  const differences = differencesOf(ranges).slice(0, 20);
  await changeMigration(pair.record.id, (record) =>
    JSON.stringify(record.differences) === JSON.stringify(differences)
      ? undefined
      : {
          set: { differences },
          events: [{ type: 'databases.differ', actor: 'theseus', data: { differences } }],
        },
  );
}
