import { auditRoute } from '#platform/audit-route.ts';
import type { Route } from '#platform/route.ts';
import { AuditedAction, needs } from '../access/actions.ts';
import { auditTrail } from '../access/trail.ts';

/** The audit trail of migrations. */
export const auditRoutes: Route[] = [
  auditRoute('/audit', needs('read_audit', 'platform'), AuditedAction, auditTrail),
];
