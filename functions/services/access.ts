import { z } from 'zod';
import type { Needs } from '#platform/access.ts';
import { type AuditStore, auditStore, keptDays } from '#platform/audit.ts';
import { accessByRole } from '#platform/role-access.ts';
import type { Role } from '#platform/roles.ts';
import { table } from './store.ts';

/** Everything a caller may be allowed in services. */
export const Action = z.enum(['view_services', 'register_service', 'report_health', 'read_service_audit']);
export type Action = z.infer<typeof Action>;

const roleOf: Record<Action, Role> = {
  view_services: 'viewer',
  register_service: 'operator',
  report_health: 'operator',
  read_service_audit: 'administrator',
};

/** What a route needs. */
export const needs = (action: Action): Needs => ({ action, on: 'platform' });

export const accessControl = accessByRole(roleOf);

/** The audit trail of services, in their table. */
export const auditTrail = (): AuditStore => auditStore(table(), keptDays());
