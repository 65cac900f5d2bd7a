import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MigrationEvent, MigrationFailure, Phase, PhaseRun } from '../schemas.ts';
import { migrationRecord } from '../testing/record.ts';
import { spanCounts, spansOf, type Told } from './spans.ts';

const start = Date.parse('2026-01-02T03:00:00.000Z');
const at = (second: number) => new Date(start + second * 1_000).toISOString();
const run = (name: Phase, epoch: number, from: number, to: number | null): PhaseRun => ({
  name,
  epoch,
  startedAt: at(from),
  endedAt: to === null ? null : at(to),
});
const event = (sequence: number, second: number, type: string, data = {}): MigrationEvent => ({
  sequence,
  at: at(second),
  type,
  actor: 'ada',
  data,
});
const failure: MigrationFailure = {
  name: 'LockBudgetExceeded',
  message: 'no lock',
  action: null,
  phase: 'expand',
  at: at(20),
  retries: 3,
  evidence: {},
};
/** A migration that failed in expand and was taken back. */
const phases = [
  run('plan', 0, 0, 5),
  run('validate', 0, 5, 9),
  run('lock', 1, 9, 10),
  run('expand', 1, 10, 20),
  run('lock', 2, 25, 26),
  run('revert', 2, 26, 40),
];
const events = [
  event(0, 0, 'migration.started', { planHash: 'h', windows: [] }),
  event(1, 9, 'lease.taken', { epoch: 1 }),
  event(2, 15, 'migration.paused', { comment: 'wait' }),
  event(3, 20, 'migration.failed', { failure: 'LockBudgetExceeded' }),
];
const told = (parts: Partial<Told['record']> = {}): Told => ({
  record: migrationRecord({ status: 'rolled_back', phases, ...parts }),
  events,
  failures: [failure],
  steps: [],
  ranges: [],
  namespace: 'shop.public',
});
const none = { phases: 0, executions: 0 };
const all = spansOf(told(), none);
const named = (name: string) => all.filter((span) => span.name === name);

describe('the spans of a migration', () => {
  it('are one for each phase inside one for its execution, each execution a trace of its own', () => {
    expect(all.map(({ name }) => name)).toEqual([
      'migration plan',
      'migration validate',
      'migration lock',
      'migration expand',
      'migration lock',
      'migration revert',
      'migration',
      'migration rollback',
    ]);
    expect(new Set(all.map(({ traceId }) => traceId)).size).toBe(2);
    expect(new Set(all.map(({ spanId }) => spanId)).size).toBe(all.length);
    for (const { traceId, spanId } of all) {
      expect(traceId).toMatch(/^[0-9a-f]{32}$/);
      expect(spanId).toMatch(/^[0-9a-f]{16}$/);
    }
    const [migration] = named('migration');
    const [rollback] = named('migration rollback');
    const inside = (root: typeof migration) =>
      all.filter(({ parentSpanId }) => parentSpanId === root?.spanId).map(({ name }) => name);
    expect(inside(migration)).toHaveLength(4);
    expect(inside(rollback)).toEqual(['migration lock', 'migration revert']);
    expect(rollback?.links).toEqual([{ traceId: migration?.traceId, spanId: migration?.spanId }]);
    expect(migration).toMatchObject({ startMs: start, endMs: start + 20_000, error: 'no lock' });
  });

  it('tell of failures with their retries, and of decisions', () => {
    const [expand] = named('migration expand');
    expect(expand?.error).toBe('no lock');
    expect(expand?.attributes).toMatchObject({
      'db.system.name': 'postgresql',
      'db.namespace': 'shop.public',
      'error.type': 'LockBudgetExceeded',
    });
    expect(expand?.events.map(({ name }) => name)).toEqual([
      'migration.paused',
      'migration.failed',
      'exception',
    ]);
    expect(expand?.events[0]?.attributes).toEqual({ 'theseus.actor': 'ada', 'theseus.comment': 'wait' });
    expect(expand?.events[2]?.attributes).toMatchObject({
      'exception.type': 'LockBudgetExceeded',
      'theseus.retries': 3,
    });
    expect(named('migration plan')[0]?.events.map(({ name }) => name)).toEqual(['migration.started']);
  });

  it('wait for the end of their phase and execution', () => {
    const open = told({ status: 'running', phases: [...phases.slice(0, 3), run('expand', 1, 10, null)] });
    expect(spanCounts(open.record)).toEqual({ phases: 3, executions: 0 });
    const scheduled = told({ status: 'scheduled', phases: phases.slice(0, 2) });
    expect(spanCounts(scheduled.record)).toEqual({ phases: 2, executions: 0 });
    expect(spanCounts({ ...scheduled.record, status: 'cancelled' })).toEqual({ phases: 2, executions: 1 });
  });

  it('are the same told at once, or at any moments on the way', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: phases.length }), { maxLength: 6 }), (moments) => {
        let sent = none;
        const piecewise = [...moments.toSorted((a, b) => a - b), phases.length].flatMap((ended) => {
          const last = ended === phases.length;
          const soFar = [...phases.slice(0, ended), ...(last ? [] : [{ ...phases[ended], endedAt: null }])];
          const then = told({
            status: last ? 'rolled_back' : ended > 3 ? 'rolling_back' : 'running',
            // Each is a phase run, the last of them without its end.
            phases: soFar as PhaseRun[],
          });
          const spans = spansOf(then, sent);
          sent = spanCounts(then.record);
          return spans;
        });
        const byId = (spans: typeof all) => spans.toSorted((a, b) => (a.spanId < b.spanId ? -1 : 1));
        expect(byId(piecewise)).toEqual(byId(all));
      }),
    );
  });
});
