import { z } from 'zod';
import type { Needs } from '#platform/access.ts';
import { type AuditStore, auditStore, keptDays } from '#platform/audit.ts';
import { accessByRole } from '#platform/role-access.ts';
import type { Role } from '#platform/roles.ts';
import { table } from './store.ts';

/** Everything a caller may be allowed in flags. */
export const Action = z.enum([
  'view_flags',
  'evaluate_flags',
  'change_flags',
  'kill_flags',
  'report_flag_use',
  'set_flag_environment',
  'read_flag_audit',
]);
export type Action = z.infer<typeof Action>;

const roleOf: Record<Action, Role> = {
  view_flags: 'viewer',
  evaluate_flags: 'viewer',
  change_flags: 'operator',
  kill_flags: 'operator',
  report_flag_use: 'viewer',
  set_flag_environment: 'operator',
  read_flag_audit: 'administrator',
};

/** What a route needs. */
export const needs = (action: Action): Needs => ({ action, on: 'platform' });

export const accessControl = accessByRole(roleOf);

/** The audit trail of flags, in their table. */
export const auditTrail = (): AuditStore => auditStore(table(), keptDays());
