import { describe, expect, it } from 'vitest';
import type { MigrationRecord } from '../records.ts';
import { acting, asked, migrationRecord, refusedConstraint } from '../testing/record.ts';
import { consentCodes, questionOf, slackMigration } from './subjects.ts';

const buttons = (record: MigrationRecord) =>
  slackMigration(record).buttons.map(({ action, label }) => `${action}: ${label}`);
const undo = { by: 'ada', acceptLosses: false, decision: 'none' as const, restoring: false };
const losses = [{ backup: 'b', table: 'orders', columns: ['amount'], rows: 1 }];
const waiting = { status: 'waiting_for_decision' as const };

describe('the buttons of a migration', () => {
  it('start it with the consents that the message tells, unless they are too long to be told', () => {
    const planned = (text: string) => {
      const record = migrationRecord();
      const note = { code: 'removes_column', severity: 'consent' as const, operation: 0, text };
      if (record.plan !== null) record.plan.notes = [note, note, { ...note, code: 'x', severity: 'info' }];
      return record;
    };
    const record = planned('The column goes at the end');
    expect(buttons(record)).toEqual(['start: Start', 'show: Show']);
    expect(slackMigration(record).question).toContain('removes_column: The column goes at the end');
    expect(consentCodes(record)).toEqual(['removes_column']);
    expect(buttons(planned('long '.repeat(1_000)))).toEqual(['show: Show']);
  });

  it('take it back where it stands', () => {
    expect(buttons(acting('migration', { phase: 'backfill' }))).toEqual([
      'pause: Pause',
      'rollback: Roll back',
      'show: Show',
    ]);
    expect(buttons(migrationRecord({ status: 'completed' }))).toEqual(['undo: Undo', 'show: Show']);
    expect(buttons(migrationRecord({ status: 'undone' }))).toEqual(['show: Show']);
  });

  it('decide on what cannot return, as it was counted', () => {
    const undoing = acting('undo', { ...waiting, undo: { ...undo, losses } });
    expect(slackMigration(undoing).question).toEqual(['Lost: 1 row of orders (amount)']);
    expect(buttons(undoing)).toEqual(['approve: Accept', 'reject: Keep migration', 'show: Show']);
    const again = acting('undo', {
      ...waiting,
      undo: { ...undo, losses: losses.map((one) => ({ ...one, rows: 3 })) },
    });
    expect(questionOf(again)).not.toBe(questionOf(undoing));
    expect(questionOf(acting('undo', { undo: { ...undo, losses } }))).toBeUndefined();

    const returning = { decision: 'none' as const, refused: [refusedConstraint] };
    const rollback = acting('rollback', { ...waiting, cancel: asked, returning });
    expect(buttons(rollback)).toEqual(['not_valid: Go on, NOT VALID', 'retry: Count again', 'show: Show']);
  });
});
