import { expect, it } from 'vitest';
import { migrationRecord } from '../testing/record.ts';
import { actsAlone } from './platform-acts.ts';

const at = '2026-03-02T12:00:00.000Z';
const told = (type: string, actor: string, schedule = false): boolean =>
  actsAlone(migrationRecord(schedule ? { schedule: { at, windows: [], startNow: false } } : {}), {
    sequence: 1,
    at,
    type,
    actor,
    data: {},
  });

it('the platform acts by itself where a schedule, a rule or the reconciler does', () => {
  for (const type of ['removal.started', 'rollback.started', 'migration.paused', 'undo.started_again']) {
    expect(told(type, 'theseus'), type).toBe(true);
    expect(told(type, 'ada'), type).toBe(false);
  }
  expect(told('backup.deleted', 'ada')).toBe(true);
  expect(told('lease.taken', 'theseus')).toBe(false);
  expect(told('lease.taken', 'theseus', true)).toBe(true);
  for (const type of ['phase.entered', 'migration.completed'])
    expect(told(type, 'theseus', true)).toBe(false);
});
