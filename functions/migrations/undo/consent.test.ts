import { describe, expect, it } from 'vitest';
import { possibleActions } from '../decisions/actions.ts';
import { answerTo } from '../decisions/tokens.ts';
import { acting, asked, refusedConstraint } from '../testing/record.ts';
import { undecidedRows } from './consent.ts';
import { expectedOf } from './overwrites.ts';
import { verdictOnWayBack } from './way-back.ts';

const restored = (expected: ReturnType<typeof expectedOf> | null) => ({
  table: 'orders',
  backup: 'bak_1',
  rows: 400,
  expected,
  overwritten: null,
  broughtBack: null,
  refused: null,
  sample: [],
  reason: null,
});
const wayBack = (expected: ReturnType<typeof expectedOf> | null) => ({
  strategy: 'to_backup' as const,
  writtenSince: '',
  overwriting: 'undecided' as const,
  kept: [],
  restored: [restored(expected)],
});
const waiting = (expected: ReturnType<typeof expectedOf> | null) =>
  acting('rollback', { status: 'waiting_for_decision', cancel: asked, wayBack: wayBack(expected) });
const told = { actor: 'ada', data: {} };

describe('what to_backup would write over', () => {
  it('is what was found, scaled to all rows where not all were compared', () => {
    expect(expectedOf({ overwritten: 3, broughtBack: 1 }, 400, 400)).toEqual({
      overwritten: 3,
      broughtBack: 1,
      basis: 'counted',
    });
    expect(expectedOf({ overwritten: 3, broughtBack: 1 }, 100, 400)).toEqual({
      overwritten: 12,
      broughtBack: 4,
      basis: 'estimated',
    });
    expect(expectedOf({ overwritten: 0, broughtBack: 0 }, 0, 0).basis).toBe('counted');
  });

  it('needs a word, also where an estimate found none', () => {
    expect(undecidedRows(waiting(null))).toBe(0);
    expect(undecidedRows(waiting(expectedOf({ overwritten: 0, broughtBack: 0 }, 9, 9)))).toBe(0);
    expect(undecidedRows(waiting(expectedOf({ overwritten: 0, broughtBack: 0 }, 9, 90)))).toBe(1);
    expect(undecidedRows(waiting(expectedOf({ overwritten: 2, broughtBack: 1 }, 9, 9)))).toBe(3);
  });

  it('goes on by that word: a rollback goes back in either case', () => {
    const record = waiting(expectedOf({ overwritten: 2, broughtBack: 1 }, 9, 9));
    expect(answerTo('losses', record)).toBeUndefined();
    expect(possibleActions(record)).toEqual(['approve', 'reject']);
    for (const [verdict, overwriting] of [
      ['approve', 'accepted'],
      ['reject', 'declined'],
    ] as const) {
      const { set, events } = verdictOnWayBack(record, told, verdict, undefined);
      expect(set).toMatchObject({ status: 'rolling_back', wayBack: { overwriting } });
      expect(events).toMatchObject([{ type: `rollback.overwriting_${overwriting}` }]);
      expect(answerTo('losses', { ...record, ...set })).toEqual({ success: { again: false } });
    }
  });

  it('declined, it still waits for a word on constraints that rows refuse', () => {
    const record = {
      ...waiting(expectedOf({ overwritten: 2, broughtBack: 1 }, 9, 9)),
      returning: { decision: 'none' as const, refused: [refusedConstraint] },
    };
    const { set } = verdictOnWayBack(record, told, 'reject', undefined);
    expect(set).toMatchObject({ status: 'waiting_for_decision', wayBack: { overwriting: 'declined' } });
    expect(possibleActions({ ...record, ...set })).toEqual(['approve', 'retry']);
    const both = verdictOnWayBack(record, told, 'approve', 'not_valid');
    expect(both.set).toMatchObject({ status: 'rolling_back', wayBack: { overwriting: 'accepted' } });
  });
});
