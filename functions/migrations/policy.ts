import { z } from 'zod';
import { currentEnvironment } from '#platform/environment.ts';
import type { MigrationRecord } from './records.ts';

const guarded = () => ['staging', 'production'].includes(currentEnvironment());

/**
 * Whether a migration waits for an approver. THESEUS_APPROVAL_REQUIRED says `always`, `high` (only plans of high risk)
 * or `never`; unset it is `high` in staging and production and `never` elsewhere. Its author may always ask for one.
 */
export function approvalRequired(record: Pick<MigrationRecord, 'plan' | 'options'>): boolean {
  const rule = z
    .enum(['always', 'high', 'never'])
    .catch(guarded() ? 'high' : 'never')
    .parse(process.env.THESEUS_APPROVAL_REQUIRED);
  if (record.options.requireApproval || rule === 'always') return true;
  return rule === 'high' && record.plan?.risk.level === 'high';
}

/** THESEUS_AUTHOR_MAY_APPROVE, `true` or `false`; unset it is false in staging and production. */
export function authorMayApprove(): boolean {
  const rule = process.env.THESEUS_AUTHOR_MAY_APPROVE;
  return rule === undefined || rule === '' ? !guarded() : rule === 'true';
}
