import { type AuditStore, auditStore, keptDays } from '#platform/audit.ts';
import { table } from '../store.ts';

/** The audit trail of migrations, in their table. */
export const auditTrail = (): AuditStore => auditStore(table(), keptDays());
