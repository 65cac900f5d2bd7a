import { z } from 'zod';
import type { Needs } from '#platform/access.ts';
import { type AuditStore, auditStore, keptDays } from '#platform/audit.ts';
import { accessByRole } from '#platform/role-access.ts';
import type { Role } from '#platform/roles.ts';
import { table } from './store.ts';

/** Everything a caller may be allowed in gateway. */
export const Action = z.enum(['view_routes', 'change_routes', 'set_circuit_breaker', 'read_gateway_audit']);
export type Action = z.infer<typeof Action>;

const roleOf: Record<Action, Role> = {
  view_routes: 'viewer',
  change_routes: 'operator',
  set_circuit_breaker: 'operator',
  read_gateway_audit: 'administrator',
};

/** What a route needs. */
export const needs = (action: Action): Needs => ({ action, on: 'platform' });

export const accessControl = accessByRole(roleOf);

/** The audit trail of gateway, in their table. */
export const auditTrail = (): AuditStore => auditStore(table(), keptDays());
