import { afterEach, expect, it, vi } from 'vitest';
import { authorMayApprove } from './approvals.ts';

afterEach(() => vi.unstubAllEnvs());

it('authors may approve their own on a laptop, and elsewhere where the environment says so', () => {
  vi.stubEnv('THESEUS_ENVIRONMENT', 'local');
  expect(authorMayApprove()).toBe(true);
  vi.stubEnv('THESEUS_ENVIRONMENT', 'production');
  expect(authorMayApprove()).toBe(false);
  vi.stubEnv('THESEUS_AUTHOR_MAY_APPROVE', 'true');
  expect(authorMayApprove()).toBe(true);
});
