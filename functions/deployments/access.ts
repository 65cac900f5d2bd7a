import { z } from 'zod';
import type { Needs } from '#platform/access.ts';
import { type AuditStore, auditStore, keptDays } from '#platform/audit.ts';
import { accessByRole } from '#platform/role-access.ts';
import type { Role } from '#platform/roles.ts';
import { table } from './store.ts';

/** Everything a caller may be allowed in deployments. */
export const Action = z.enum([
  'view_deployments',
  'deploy',
  'approve_deployment',
  'read_deployment_audit',
  'read_gate_secret',
]);
export type Action = z.infer<typeof Action>;

const roleOf: Record<Action, Role> = {
  view_deployments: 'viewer',
  deploy: 'operator',
  approve_deployment: 'approver',
  read_deployment_audit: 'administrator',
  read_gate_secret: 'administrator',
};

/** What a route needs. */
export const needs = (action: Action): Needs => ({ action, on: 'platform' });

export const accessControl = accessByRole(roleOf);

/** The audit trail of deployments, in their table. */
export const auditTrail = (): AuditStore => auditStore(table(), keptDays());
