import { describe, expect, it } from 'vitest';
import { acting, asked, refusedConstraint } from '../testing/record.ts';
import { answerTo } from './tokens.ts';

const approval = { by: 'bob', at: null, comment: 'why not', decision: 'waiting' as const };
const undo = { by: 'ada', acceptLosses: false, decision: 'none' as const, restoring: false, losses: null };

describe('a state that waits for', () => {
  it('an approval goes on by the verdict', () => {
    const waiting = acting('migration', { approval });
    expect(answerTo('approval', waiting)).toBeUndefined();
    expect(answerTo('approval', { ...waiting, approval: { ...approval, decision: 'approved' } })).toEqual({
      success: {},
    });
    expect(
      answerTo('approval', { ...waiting, approval: { ...approval, decision: 'rejected' } }),
    ).toMatchObject({
      failure: 'ApprovalRejected',
      cause: expect.stringContaining('why not'),
    });
  });

  it('a word on losses goes on by it', () => {
    const waiting = acting('undo', { undo });
    expect(answerTo('losses', waiting)).toBeUndefined();
    expect(answerTo('losses', { ...waiting, undo: { ...undo, decision: 'accepted' } })).toEqual({
      success: { again: false },
    });
    expect(answerTo('losses', { ...waiting, undo: { ...undo, decision: 'declined' } })).toMatchObject({
      failure: 'UndoDeclined',
    });
  });

  it('a word on constraints goes on by it, in an undo and in a rollback that was asked for', () => {
    const open = { decision: 'none' as const, refused: [refusedConstraint] };
    for (const waiting of [
      acting('undo', { undo: { ...undo, acceptLosses: true }, returning: open }),
      acting('rollback', { cancel: asked, returning: open }),
    ]) {
      expect(answerTo('losses', waiting)).toBeUndefined();
      expect(answerTo('losses', { ...waiting, returning: { ...open, decision: 'retry' } })).toEqual({
        success: { again: true },
      });
      const decided = { decision: 'not_valid' as const, refused: [{ ...refusedConstraint, notValid: true }] };
      expect(answerTo('losses', { ...waiting, returning: decided })).toEqual({ success: { again: false } });
    }
  });

  it('a resume or the end of the soak goes on when it comes', () => {
    expect(answerTo('backfill-b-0', acting('migration', { status: 'paused' }))).toBeUndefined();
    expect(answerTo('backfill-b-0', acting('migration'))).toEqual({ success: {} });
    expect(answerTo('completion', acting('migration'))).toBeUndefined();
    expect(answerTo('completion', acting('migration', { complete: asked }))).toEqual({ success: {} });
  });

  it('anything fails when a rollback was asked for', () => {
    const cancelled = acting('migration', { status: 'paused', cancel: asked });
    for (const waitsFor of ['approval', 'completion', 'backfill-b-0']) {
      expect(answerTo(waitsFor, cancelled)).toMatchObject({ failure: 'MigrationCancelled' });
    }
  });
});
