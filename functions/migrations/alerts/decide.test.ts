import { describe, expect, it } from 'vitest';
import type { Readings } from '../monitoring/metrics.ts';
import { readingsOf } from '../monitoring/readings.ts';
import type { MigrationRecord } from '../records.ts';
import { acting, migrationRecord } from '../testing/record.ts';
import { alertsChange, inScope } from './decide.ts';
import { defaultRules } from './defaults.ts';
import type { AlertRule } from './schemas.ts';

const now = Date.parse('2026-01-02T04:00:00.000Z');
const at = (minutesAgo: number) => new Date(now - minutesAgo * 60_000).toISOString();
const running = (minutesAgo: number, parts: Partial<MigrationRecord> = {}): MigrationRecord =>
  acting('migration', {
    phase: 'backfill',
    phases: [{ name: 'backfill', startedAt: at(minutesAgo), endedAt: null, epoch: 3 }],
    ...parts,
  });
const readings = (record: MigrationRecord): Readings => readingsOf(record, { ranges: [], steps: [], now });
const noProgress = (parts: Partial<AlertRule> = {}): AlertRule[] =>
  defaultRules.flatMap((rule) => (rule.name === 'no-progress' ? [{ ...rule, ...parts }] : []));
const look = (record: MigrationRecord, rules: AlertRule[]) =>
  alertsChange(record, { rules, readings: readings(record), now });

describe('a look at a migration', () => {
  it('writes nothing while all is well, or stays as it is', () => {
    expect(look(running(9), noProgress())).toBeUndefined();
    const first = look(running(11), noProgress());
    expect(look(running(11, { alerts: first?.set.alerts ?? [] }), noProgress())).toBeUndefined();
  });

  it('tells of what fires and of what is over', () => {
    const fired = look(running(11), noProgress());
    expect(fired?.events).toEqual([
      {
        type: 'alert.firing',
        actor: 'theseus',
        data: expect.objectContaining({
          rule: 'no-progress',
          severity: 'warning',
          value: 660,
          threshold: 600,
        }),
      },
    ]);
    const alerts = fired?.set.alerts ?? [];
    const good = look(running(1, { alerts }), noProgress());
    expect(good?.set.alerts).toEqual([]);
    expect(good?.events).toEqual([expect.objectContaining({ type: 'alert.resolved' })]);
    const ended = look(migrationRecord({ status: 'completed', alerts }), noProgress());
    expect(ended?.events?.[0]?.data).toMatchObject({ reason: 'The migration is over' });
    expect(look(running(11, { alerts }), [])?.events?.[0]?.data).toMatchObject({
      reason: expect.stringContaining('rule is gone'),
    });
  });

  it('pauses at critical where a rule says so and a person could', () => {
    const rules = noProgress({ action: 'pause' });
    expect(look(running(11), rules)?.set).not.toHaveProperty('status');
    const paused = look(running(31), rules);
    expect(paused?.set.status).toBe('paused');
    expect(paused?.events?.map(({ type }) => type)).toEqual(['alert.firing', 'migration.paused']);
    expect(paused?.events?.[1]).toMatchObject({
      actor: 'theseus',
      data: { comment: expect.stringContaining('no-progress') },
    });
    const published = running(31, {
      phase: 'contract',
      phases: [{ name: 'contract', startedAt: at(31), endedAt: null, epoch: 3 }],
    });
    const tooLate = look(published, rules);
    expect(tooLate?.set).not.toHaveProperty('status');
    expect(tooLate?.events?.map(({ type }) => type)).toEqual(['alert.firing']);
  });
});

it('a rule is about a database by its id and all of its labels', () => {
  const shop = { id: 'db_1', labels: { tier: 'gold', team: 'a' } };
  const rule = { enabled: true, database: null, labels: {} };
  expect(inScope(rule, shop)).toBe(true);
  expect(inScope({ ...rule, enabled: false }, shop)).toBe(false);
  expect(inScope({ ...rule, database: { id: 'db_2', name: 'b' } }, shop)).toBe(false);
  expect(inScope({ ...rule, labels: { tier: 'gold' } }, shop)).toBe(true);
  expect(inScope({ ...rule, labels: { tier: 'gold', team: 'b' } }, shop)).toBe(false);
});
