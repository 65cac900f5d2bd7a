import { z } from 'zod';
import { clock } from '#platform/clock.ts';
import { task } from '#platform/task.ts';
import { keepToken } from '../decisions/tokens.ts';
import { assertWanted, phasesAfter } from '../executions/history.ts';
import { type Change, changeMigration } from '../migration-store.ts';
import type { MigrationRecord } from '../records.ts';
import { secondsToStart } from '../schedule/waits.ts';
import { MigrationId } from '../schemas.ts';

/**
 * A paused range, or the publish, waits here until someone resumes the migration or asks for a rollback; with
 * `waitSeconds` a start, or a range whose hours are over, until the state's own timeout ends it.
 */
export const handler = task({
  name: 'await-resume',
  input: z.strictObject({
    migrationId: MigrationId,
    /** 0 before the lock. */
    epoch: z.int().min(0),
    waitsFor: z.string().min(1),
    waitSeconds: z.int().min(1).optional(),
    taskToken: z.string().min(1),
  }),
  output: z.strictObject({}),
  async handler({ migrationId, waitsFor, waitSeconds, taskToken }) {
    if (waitSeconds !== undefined) {
      const until = clock.now() + waitSeconds * 1_000;
      await changeMigration(migrationId, (record) =>
        waitsFor === 'start' ? scheduled(record, until) : closed(record, until),
      );
    }
    await keepToken(migrationId, waitsFor, taskToken);
    return {};
  },
});

function scheduled(record: MigrationRecord, until: number): Change | undefined {
  assertWanted(record);
  if (record.status !== 'running' || secondsToStart(record.schedule, clock.now()) === 0) return undefined;
  const waitsUntil = new Date(until).toISOString();
  return {
    set: {
      status: 'scheduled',
      phase: null,
      phases: phasesAfter(record.phases, null, record.epoch, clock.iso()),
      waitsUntil,
    },
    events: [{ type: 'migration.scheduled', actor: 'theseus', data: { waitsUntil } }],
  };
}

/** Said once for all ranges: each finds the window closed at its own moment. */
function closed(record: MigrationRecord, until: number): Change | undefined {
  if (record.waitsUntil !== null && Date.parse(record.waitsUntil) > clock.now()) return undefined;
  const waitsUntil = new Date(until).toISOString();
  return {
    set: { waitsUntil },
    events: [{ type: 'backfill.window_closed', actor: 'theseus', data: { waitsUntil } }],
  };
}
