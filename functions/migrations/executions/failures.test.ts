import { describe, expect, it } from 'vitest';
import { acting, migrationRecord } from '../testing/record.ts';
import { decideAfter, failureOf, givenUp, mostAttempts } from './failures.ts';

const failure = failureOf(
  {
    name: 'StatementFailed',
    message: 'no',
    evidence: { sqlstate: '42P01', password: 'x' },
    retryable: false,
  },
  'expand',
  '2026-01-02T03:04:05.000Z',
);

describe('a failure of', () => {
  it('a migration that holds the lock starts its rollback under a fixed name', () => {
    const change = decideAfter(acting('migration', { phase: 'expand' }), failure, 'Expand');
    expect(change?.set).toMatchObject({
      status: 'rolling_back',
      execution: { kind: 'rollback', name: 'mig_1-rollback-1' },
      failure: { name: 'StatementFailed' },
    });
  });

  it.each([
    ['VerificationFailed', 'corruption'],
    ['MigrationCancelled', 'asked'],
    ['StatementFailed', 'failure'],
  ])('%s starts a rollback whose reason is %s', (name, reason) => {
    const change = decideAfter(acting('migration', { phase: 'verify' }), { ...failure, name }, 'Verify');
    const events = change?.events ?? [];
    expect(events.at(-1)).toMatchObject({ type: 'rollback.started', data: { reason } });
    expect(events.some(({ type }) => type === 'rollback.emergency')).toBe(reason === 'corruption');
  });

  it('a migration before the lock changes nothing and is rejected, or cancelled when that was asked', () => {
    const before = acting('migration', { lease: null });
    expect(decideAfter(before, failure, 'Validate')?.set).toMatchObject({ status: 'rejected' });
    const cancelled = { ...failure, name: 'MigrationCancelled' };
    expect(decideAfter(before, cancelled, 'Plan')?.set).toMatchObject({ status: 'cancelled' });
  });

  it('an undo leaves the migration completed, until constraints began to return', () => {
    const undo = {
      by: 'ada',
      acceptLosses: false,
      decision: 'declined' as const,
      restoring: false,
      losses: null,
    };
    expect(decideAfter(acting('undo', { undo }), failure, 'RequestDecision')?.set).toMatchObject({
      status: 'completed',
      undo: null,
      lease: null,
    });
    const restoring = decideAfter(acting('undo', { undo: { ...undo, restoring: true } }), failure, 'Revert');
    expect(restoring?.set.status).toBeUndefined();
  });

  it('a removal is tried again later, a limited number of times', () => {
    const removal = { retryAt: null, attempts: 1, begun: true };
    expect(decideAfter(acting('removal', { removal }), failure, 'Remove')?.set).toMatchObject({
      status: 'completed',
      removal: { retryAt: expect.any(Number), begun: true },
    });
    const last = { ...removal, attempts: mostAttempts.removal };
    expect(decideAfter(acting('removal', { removal: last }), failure, 'Remove')?.set).toMatchObject({
      status: 'failed',
      removal: { retryAt: null },
    });
  });

  it('an execution of a migration that is over decides nothing', () => {
    expect(decideAfter(acting('migration', { status: 'completed' }), failure, 'Complete')).toBeUndefined();
    expect(decideAfter(migrationRecord(), failure, 'Plan')).toBeUndefined();
  });

  it('limited retries ends with what a person can do', () => {
    const { set } = givenUp(acting('rollback', { failure }));
    expect(set.status).toBe('failed');
    expect(set.failure?.action).toContain('migration rollback mig_1');
  });
});

it('a failure is stored without secrets', () => {
  expect(failure.evidence).toEqual({ sqlstate: '42P01', password: '***' });
});
