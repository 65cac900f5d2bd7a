import { z } from 'zod';
import type { Needs } from '#platform/access.ts';
import { type AuditStore, auditStore, keptDays } from '#platform/audit.ts';
import { accessByRole } from '#platform/role-access.ts';
import type { Role } from '#platform/roles.ts';
import { table } from './store.ts';

/** Everything a caller may be allowed in apis. */
export const Action = z.enum([
  'view_apis',
  'register_api',
  'deprecate_api',
  'consent_deprecation',
  'read_api_audit',
]);
export type Action = z.infer<typeof Action>;

const roleOf: Record<Action, Role> = {
  view_apis: 'viewer',
  register_api: 'operator',
  deprecate_api: 'operator',
  consent_deprecation: 'approver',
  read_api_audit: 'administrator',
};

/** What a route needs. */
export const needs = (action: Action): Needs => ({ action, on: 'platform' });

export const accessControl = accessByRole(roleOf);

/** The audit trail of apis, in their table. */
export const auditTrail = (): AuditStore => auditStore(table(), keptDays());
