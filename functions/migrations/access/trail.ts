import { z } from 'zod';
import { AuditEntry, type AuditStore, auditStore } from '#platform/audit.ts';
import { pageOf } from '#platform/page.ts';
import { table } from '../store.ts';

export const AuditPage = pageOf(AuditEntry).meta({ id: 'AuditPage' });

/** Days that entries are kept: THESEUS_AUDIT_DAYS, 400 when it says nothing. */
export const keptDays = (): number =>
  z.coerce.number().int().min(1).max(3_650).catch(400).parse(process.env.THESEUS_AUDIT_DAYS);

/** The audit trail of migrations, in their table. */
export const auditTrail = (): AuditStore => auditStore(table(), keptDays());
