import { describe, expect, it } from 'vitest';
import { MigrationStatus } from '../schemas.ts';
import { acting, asked, migrationRecord } from '../testing/record.ts';
import { assertPossible, nextActions, possibleActions } from './actions.ts';

describe('what can be done next', () => {
  it.each([
    ['planned', migrationRecord(), ['start', 'rollback']],
    ['scheduled', acting('migration', { status: 'scheduled' }), ['resume', 'rollback']],
    ['filling', acting('migration', { phase: 'backfill' }), ['pause', 'rollback']],
    ['published', acting('migration', { phase: 'publish' }), ['rollback']],
    ['stopping', acting('migration', { phase: 'backfill', cancel: asked }), []],
    ['paused', acting('migration', { status: 'paused' }), ['resume', 'rollback']],
    ['soaking', acting('migration', { status: 'soaking', phase: 'soak' }), ['complete', 'rollback']],
    ['completed', migrationRecord({ status: 'completed' }), ['undo']],
    [
      'being removed',
      migrationRecord({ status: 'completed', removal: { retryAt: 1, attempts: 1, begun: true } }),
      [],
    ],
    ['given up undoing', acting('undo', { status: 'failed' }), ['undo']],
    ['given up rolling back', acting('rollback', { status: 'failed' }), ['rollback']],
    ['given up removing', acting('removal', { status: 'failed' }), ['complete']],
  ])('%s', (_what, record, expected) => {
    expect(possibleActions(record)).toEqual(expected);
  });

  it('is nothing where nothing can be taken back', () => {
    const record = migrationRecord({ status: 'completed' });
    expect(possibleActions({ ...record, plan: record.plan && { ...record.plan, undo: 'none' } })).toEqual([]);
  });

  it('is told as calls and as commands that can be pasted', () => {
    expect(nextActions(migrationRecord())[0]).toMatchObject({
      method: 'POST',
      path: '/migrations/mig_1/start',
      command: expect.stringContaining('migration start mig_1'),
    });
  });

  it('refuses everything else, naming the status and what is possible', () => {
    for (const status of MigrationStatus.options) {
      const record = acting('migration', { status });
      const possible = possibleActions(record);
      for (const action of ['start', 'approve', 'pause', 'resume', 'complete', 'rollback', 'undo'] as const) {
        if (possible.includes(action)) expect(() => assertPossible(record, action)).not.toThrow();
        else expect(() => assertPossible(record, action)).toThrow(status);
      }
    }
  });
});
