import { afterEach, describe, expect, it, vi } from 'vitest';
import { migrationRecord } from '../testing/record.ts';
import { approvalRequired, approvalsNeeded, approvers } from './policy.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

const planned = (level: 'low' | 'high', requireApproval = false) => {
  const record = migrationRecord();
  return {
    plan: record.plan && { ...record.plan, risk: { level, reasons: [] } },
    options: { ...record.options, requireApproval },
  };
};

describe('an approval is needed', () => {
  it.each([
    ['local', '', 'high', false],
    ['dev', '', 'high', false],
    ['staging', '', 'low', false],
    ['staging', '', 'high', true],
    ['production', '', 'high', true],
    ['production', 'never', 'high', false],
    ['local', 'always', 'low', true],
    ['local', 'high', 'high', true],
  ] as const)('in %s with rule %j and risk %s: %s', (environment, rule, level, needed) => {
    vi.stubEnv('THESEUS_ENVIRONMENT', environment);
    vi.stubEnv('THESEUS_APPROVAL_REQUIRED', rule);
    expect(approvalRequired(planned(level))).toBe(needed);
    expect(approvalRequired(planned(level, true))).toBe(true);
  });
});

it('as many people approve as the environment says of the risk', () => {
  vi.stubEnv('THESEUS_ENVIRONMENT', 'production');
  expect(approvers()).toEqual({ low: 1, medium: 1, high: 2 });
  expect(approvalsNeeded('high', approvers(), planned('high'))).toBe(2);
  expect(approvalsNeeded('high', approvers(), planned('low'))).toBe(0);
  expect(approvalsNeeded('never', approvers(), planned('high', true))).toBe(2);
  vi.stubEnv('THESEUS_APPROVERS', 'low=1,medium=2,high=3');
  expect(approvers()).toEqual({ low: 1, medium: 2, high: 3 });
  // What cannot be read must not let anything through that needed two.
  for (const broken of ['high=0', 'high=many', 'highest=1', '2']) {
    vi.stubEnv('THESEUS_APPROVERS', broken);
    expect(approvers()).toEqual({ low: 1, medium: 1, high: 2 });
  }
  vi.stubEnv('THESEUS_ENVIRONMENT', 'staging');
  expect(approvers()).toEqual({ low: 1, medium: 1, high: 1 });
});
