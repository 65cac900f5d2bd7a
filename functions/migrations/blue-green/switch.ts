import { clock } from '#platform/clock.ts';
import type { TaskTools } from '#platform/task.ts';
import { findDatabase } from '../databases/databases.ts';
import { runOptions } from '../databases/target.ts';
import { isClosed, openGate } from '../engines/postgresql/blue-green/gate.ts';
import { type Held, holdWriters } from '../engines/postgresql/blue-green/hold.ts';
import { marksOf } from '../engines/postgresql/blue-green/marks.ts';
import { moveSequences } from '../engines/postgresql/blue-green/sequences.ts';
import { type Stream, streamsOf } from '../engines/postgresql/blue-green/sides.ts';
import * as streams from '../engines/postgresql/blue-green/streams.ts';
import { enterPhase } from '../executions/history.ts';
import { saveStep } from '../executions/progress.ts';
import { changeMigration } from '../migration-store.ts';
import type { MigrationRecord } from '../records.ts';
import type { Phase } from '../schemas.ts';
import { assertUnchanged } from './copy.ts';
import { sendClients, sendClientsBack, stopClients, stopClientsIfPossible } from './hooks.ts';
import { type Pair, withPair } from './pair.ts';
import { pointClients } from './pointer.ts';
import { changeState } from './record.ts';
import { waitSeconds } from './soak.ts';

interface Task {
  migrationId: string;
  epoch: number;
}

/** Clients of the new database get this long to go back before it refuses their writes, s. */
const drainSeconds = 30;

async function keepHeld(id: string, phase: Phase, held: Held): Promise<void> {
  await saveStep(id, {
    phase,
    step: phase,
    purpose: 'Writers are held until the other side has everything',
    status: 'done',
    lockWaitMs: held.lockWaitMs,
    lockHoldMs: held.lockHoldMs,
    attempts: held.attempts,
    durationMs: held.lockWaitMs + held.lockHoldMs,
    progress: null,
    at: clock.iso(),
  });
}

/** The pointer in the database's record is what clients follow: it says who serves, whatever the migration's says yet. */
async function served(record: MigrationRecord): Promise<'blue' | 'green'> {
  const { servedBy } = await findDatabase(record.databaseId);
  return servedBy !== null && servedBy.id === record.blueGreen?.target.id ? 'green' : 'blue';
}

/** Holds the writers of the side that `stream` comes from until the other has everything, and then moves clients there. */
async function handOver(
  { record, plan }: Pair,
  { stream, where, phase, signal }: { stream: Stream; where: string; phase: Phase; signal: AbortSignal },
  moved: () => Promise<void>,
): Promise<Held> {
  const held = await holdWriters(
    {
      stream,
      tables: plan.tables.map(({ name }) => name),
      gated: plan.gated,
      close: plan.twoWay ? undefined : { migration: record.id, where },
      clientsStopped: (plan.hooks ?? []).length > 0,
      signal,
    },
    moved,
  );
  await keepHeld(record.id, phase, held);
  return held;
}

/**
 * Moves clients to the new database. May be run again at any point. Returns how long to wait before the first look at
 * the soak, s. Throws LockBudgetExceeded, HookFailed, SchemaChanged, FenceLost.
 */
export async function switchToGreen(
  { migrationId, epoch }: Task,
  tools: TaskTools,
): Promise<{ waitSeconds: number }> {
  const record = await enterPhase(migrationId, epoch, 'switch');
  const { signal } = runOptions(tools);
  return withPair(record, { migration: migrationId, epoch }, 'switch', async (pair) => {
    const { blue, green, plan, names } = pair;
    const { toGreen, toBlue } = streamsOf(migrationId, pair);
    const way = { from: names.blue, to: names.green };
    if ((await served(record)) === 'blue') {
      const closed = !plan.twoWay && (await isClosed(blue, migrationId));
      // It was looked at before the closing, which is itself a change of what is there.
      if (!closed) await assertUnchanged(blue.session, record.definitionsKey);
      await moveSequences(blue, green, record.schema);
      if (!plan.twoWay) {
        await streams.publish(toBlue, [...plan.tables.map(({ name }) => name), marksOf(migrationId)]);
        await streams.subscribe(toBlue, { copy: false, ownOnly: false, later: true });
      }
      const moved = async () => {
        if (!plan.twoWay) await turnRound(toGreen, toBlue);
        await pointClients(record.databaseId, plan.target);
      };
      // A run that was cut off behind the hold: nobody writes any more, and everything is there.
      if (closed && !(await streams.isFollowing(toGreen))) await moved();
      else {
        await stopClients(pair, { ...way, serves: names.blue });
        try {
          const hand = { stream: toGreen, where: names.green, phase: 'switch' as const, signal };
          await changeState(migrationId, { held: await handOver(pair, hand, moved) });
        } catch (error) {
          if ((await served(record)) === 'blue') await sendClientsBack(pair, { ...way, serves: names.blue });
          throw error;
        }
      }
    }
    const after = await noteSwitched(migrationId, names);
    if (after.blueGreen?.clientsStopped) await sendClients(pair, { ...way, serves: names.green });
    return { waitSeconds: waitSeconds(after, clock.now()) };
  });
}

/** From here the old side follows the new one, from this moment on, and no longer the other way round. */
async function turnRound(toGreen: Stream, toBlue: Stream): Promise<void> {
  await streams.pause(toGreen);
  if (await streams.isFollowing(toBlue)) return;
  await streams.passOver(toBlue);
  await streams.resume(toBlue);
}

function noteSwitched(id: string, { blue, green }: Pair['names']): Promise<MigrationRecord> {
  return changeStateOnce(id, 'green', {
    type: 'database.switched',
    actor: 'theseus',
    data: { from: blue, to: green },
  });
}

function changeStateOnce(
  id: string,
  serving: 'blue' | 'green',
  event: { type: string; actor: string; data: Record<string, string> },
): Promise<MigrationRecord> {
  return changeMigration(id, ({ blueGreen }) =>
    blueGreen === null || blueGreen.serving === serving
      ? undefined
      : {
          set: {
            blueGreen: {
              ...blueGreen,
              serving,
              ...(serving === 'green' ? { switchedAt: clock.iso() } : {}),
            },
          },
          events: [event],
        },
  );
}

/**
 * Takes clients back to the old database, which has everything they wrote since; lets them write there where a switch
 * was cut off. May be run again at any point. Returns how long clients of the new one may go on, s, and how the move is to
 * end: once replication is being ended there is no way back, and it is completed.
 */
export async function switchBack(
  { migrationId, epoch }: Task,
  tools: TaskTools,
): Promise<{ drainSeconds: number; outcome: 'completed' | 'rolled_back' }> {
  const record = await enterPhase(migrationId, epoch, 'switch_back');
  if (record.blueGreen?.parting) return { drainSeconds: 0, outcome: 'completed' };
  const { signal } = runOptions(tools);
  return withPair(record, { migration: migrationId, epoch }, 'switch_back', async (pair) => {
    const { blue, green, plan, names } = pair;
    const { toBlue } = streamsOf(migrationId, pair);
    const moved = async () => {
      if (await isClosed(blue, migrationId)) await openGate(blue.session, migrationId, plan.gated);
      await pointClients(record.databaseId, null);
    };
    const way = { from: names.green, to: names.blue };
    const switched = (await served(record)) === 'green';
    if (!switched) await moved();
    else {
      // Written down first: from here on the new database is one that has served.
      await noteSwitched(migrationId, names);
      await moveSequences(green, blue, record.schema);
      await stopClientsIfPossible(pair, { ...way, serves: names.green });
      await handOver(pair, { stream: toBlue, where: names.blue, phase: 'switch_back', signal }, moved);
    }
    if (switched || record.blueGreen?.clientsStopped)
      await sendClientsBack(pair, { ...way, serves: names.blue });
    const after = await changeStateOnce(migrationId, 'blue', {
      type: 'database.switched_back',
      actor: 'theseus',
      data: { from: names.green, to: names.blue },
    });
    const everSwitched = after.blueGreen?.switchedAt !== null;
    return { drainSeconds: plan.twoWay && everSwitched ? drainSeconds : 0, outcome: 'rolled_back' };
  });
}
