import { z } from 'zod';
import { currentEnvironment } from '#platform/environment.ts';
import type { Approval } from '../plan/forecast.ts';
import type { MigrationRecord } from '../records.ts';

const guarded = () => ['staging', 'production'].includes(currentEnvironment());

type Judged = Pick<MigrationRecord, 'plan' | 'options'>;

export const ApprovalRule = z.enum(['always', 'high', 'never']);
export type ApprovalRule = z.infer<typeof ApprovalRule>;

/** The rule of this environment; known to the control plane only. */
export const approvalRule = (): ApprovalRule =>
  ApprovalRule.catch(guarded() ? 'high' : 'never').parse(process.env.THESEUS_APPROVAL_REQUIRED);

/** Whether a plan needs an approver under a rule. */
export const needsApprover = (rule: ApprovalRule, { plan, options }: Judged): boolean =>
  options.requireApproval || rule === 'always' || (rule === 'high' && plan?.risk.level === 'high');

/**
 * Who must say yes, and what demands it. THESEUS_APPROVAL_REQUIRED says `always`, `high` (only plans of high risk) or
 * `never`; unset it is `high` in staging and production and `never` elsewhere. Its author may always ask for one.
 */
export function approvalsDemanded({ plan, options }: Judged): Approval[] {
  const rule = approvalRule();
  const always = rule === 'always';
  const high = rule === 'high' && plan?.risk.level === 'high';
  const consents = new Set(
    (plan?.notes ?? []).flatMap(({ severity, code }) => (severity === 'consent' ? [code] : [])),
  );
  return [
    ...(options.requireApproval
      ? [{ rule: 'requireApproval', from: 'approver' as const, why: 'Its author asked for one' }]
      : []),
    ...(always || high
      ? [
          {
            rule: `THESEUS_APPROVAL_REQUIRED=${rule}`,
            from: 'approver' as const,
            why: always ? 'Every migration here needs one' : 'The risk is high',
          },
        ]
      : []),
    ...[...consents].map((code) => ({
      rule: `consent ${code}`,
      from: 'starter' as const,
      why: 'A note of the plan must be consented to by its code',
    })),
  ];
}

/** Whether a migration waits for an approver. */
export const approvalRequired = (record: Judged): boolean =>
  approvalsDemanded(record).some(({ from }) => from === 'approver');

/** THESEUS_AUTHOR_MAY_APPROVE, `true` or `false`; unset it is false in staging and production. */
export function authorMayApprove(): boolean {
  const rule = process.env.THESEUS_AUTHOR_MAY_APPROVE;
  return rule === undefined || rule === '' ? !guarded() : rule === 'true';
}
