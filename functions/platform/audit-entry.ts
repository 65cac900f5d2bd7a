import { z } from 'zod';
import { pageOf } from './page.ts';

/**
 * How it ended. `begun`: the call was let in and nobody wrote down its end, because the function died. `done`: what was
 * asked happened. `refused`: not allowed. `rejected`: allowed, and not possible as it was asked. `failed`: our defect.
 */
export const AuditOutcome = z.enum(['begun', 'done', 'refused', 'rejected', 'failed']);
export type AuditOutcome = z.infer<typeof AuditOutcome>;

/** One line of the audit trail: who did or tried what, to what, why, from where, and how it ended. */
export const AuditEntry = z
  .strictObject({
    id: z.string().describe('Of the request; for what the platform did itself, of the event'),
    at: z.iso.datetime(),
    subject: z.string().nullable().describe('Null: no valid token came with it'),
    action: z.string(),
    call: z.string().describe('Method and path of the route, or the event'),
    resource: z.string().describe('Path of what it was done to'),
    database: z.string().nullable(),
    outcome: AuditOutcome,
    status: z.int().nullable().describe('Of the answer'),
    error: z.string().nullable(),
    reason: z.string().nullable().describe('As given with the call'),
    sourceIp: z.string().nullable(),
    userAgent: z.string().nullable(),
    count: z.int().min(1).describe('Calls that were turned away alike within a minute are one entry'),
  })
  .meta({ id: 'AuditEntry' });
export type AuditEntry = z.infer<typeof AuditEntry>;

export const AuditPage = pageOf(AuditEntry).meta({ id: 'AuditPage' });
