import { z } from 'zod';
import { currentEnvironment } from '#platform/environment.ts';
import { Approvers } from '../access/approvals.ts';
import type { Approval } from '../plan/forecast.ts';
import type { MigrationRecord } from '../records.ts';

const guarded = () => ['staging', 'production'].includes(currentEnvironment());

type Judged = Pick<MigrationRecord, 'plan' | 'options'>;

export const ApprovalRule = z.enum(['always', 'high', 'never']);
export type ApprovalRule = z.infer<typeof ApprovalRule>;

/** The rule of this environment; known to the control plane only. */
export const approvalRule = (): ApprovalRule =>
  ApprovalRule.catch(guarded() ? 'high' : 'never').parse(process.env.THESEUS_APPROVAL_REQUIRED);

/**
 * How many people must approve a plan that needs approval, by its risk: THESEUS_APPROVERS, for example
 * `low=1,medium=1,high=2`. A risk it does not name, or names wrongly, needs one; in production two where it is high.
 */
export function approvers(): Approvers {
  const usual = { low: 1, medium: 1, high: currentEnvironment() === 'production' ? 2 : 1 };
  const named = (process.env.THESEUS_APPROVERS ?? '').split(',').map((part) => part.split('='));
  const parsed = Approvers.safeParse({
    ...usual,
    ...Object.fromEntries(
      named.flatMap(([risk = '', people]) => (risk === '' ? [] : [[risk, Number(people)]])),
    ),
  });
  return parsed.success ? parsed.data : usual;
}

/** How many people must approve a plan under a rule: none where the rule asks for no approval. */
export const approvalsNeeded = (rule: ApprovalRule, people: Approvers, judged: Judged): number =>
  needsApprover(rule, judged) ? people[judged.plan?.risk.level ?? 'high'] : 0;

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
  const people = approvers()[plan?.risk.level ?? 'high'];
  const how = people === 1 ? '' : `: ${people} people`;
  const consents = new Set(
    (plan?.notes ?? []).flatMap(({ severity, code }) => (severity === 'consent' ? [code] : [])),
  );
  return [
    ...(options.requireApproval
      ? [{ rule: 'requireApproval', from: 'approver' as const, why: `Its author asked for one${how}` }]
      : []),
    ...(always || high
      ? [
          {
            rule: `THESEUS_APPROVAL_REQUIRED=${rule}`,
            from: 'approver' as const,
            why: `${always ? 'Every migration here needs one' : 'The risk is high'}${how}`,
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
