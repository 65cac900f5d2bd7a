import { z } from 'zod';
import type { Needs } from '#platform/access.ts';
import { type AuditStore, auditStore, keptDays } from '#platform/audit.ts';
import { accessByRole } from '#platform/role-access.ts';
import type { Role } from '#platform/roles.ts';
import { table } from './store.ts';

/** Everything a caller may be allowed in configuration. */
export const Action = z.enum([
  'view_configuration',
  'define_configuration',
  'update_configuration',
  'approve_configuration',
  'report_configuration',
  'set_configuration_rules',
  'read_secret',
  'reencrypt_secrets',
  'read_configuration_audit',
]);
export type Action = z.infer<typeof Action>;

const roleOf: Record<Action, Role> = {
  view_configuration: 'viewer',
  define_configuration: 'operator',
  update_configuration: 'operator',
  approve_configuration: 'approver',
  report_configuration: 'viewer',
  set_configuration_rules: 'administrator',
  // Whom a secret is for, its definition says besides.
  read_secret: 'viewer',
  reencrypt_secrets: 'administrator',
  read_configuration_audit: 'administrator',
};

/** What a route needs. */
export const needs = (action: Action): Needs => ({ action, on: 'platform' });

export const accessControl = accessByRole(roleOf);

/** The audit trail of configuration, in its table. */
export const auditTrail = (): AuditStore => auditStore(table(), keptDays());
