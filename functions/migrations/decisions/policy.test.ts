import { afterEach, describe, expect, it, vi } from 'vitest';
import { migrationRecord } from '../testing/record.ts';
import { approvalRequired, authorMayApprove } from './policy.ts';

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

it('authors may approve their own on a laptop, and elsewhere where the environment says so', () => {
  vi.stubEnv('THESEUS_ENVIRONMENT', 'local');
  expect(authorMayApprove()).toBe(true);
  vi.stubEnv('THESEUS_ENVIRONMENT', 'production');
  expect(authorMayApprove()).toBe(false);
  vi.stubEnv('THESEUS_AUTHOR_MAY_APPROVE', 'true');
  expect(authorMayApprove()).toBe(true);
});
