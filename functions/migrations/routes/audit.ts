import { z } from 'zod';
import { AuditOutcome } from '#platform/audit.ts';
import { decodeCursor, pageBody, pageQuery } from '#platform/page.ts';
import { type Route, route } from '#platform/route.ts';
import { AuditedAction, needs } from '../access/actions.ts';
import { AuditPage, auditTrail } from '../access/trail.ts';

const time = z.iso.datetime({ offset: true }).transform((text) => new Date(text).toISOString());

/** The audit trail, to be read; entries are made by what they tell of and by nothing else. */
export const auditRoutes: Route[] = [
  route({
    method: 'GET',
    path: '/audit',
    summary: 'List who changed what, or tried to, newest first',
    description:
      'Every call that changes something, and what the platform did by itself. A page may be short, or empty, and not the last: `nextCursor` says.',
    needs: needs('read_audit', 'platform'),
    query: pageQuery.extend({
      subject: z.string().min(1).max(200).optional(),
      action: AuditedAction.optional(),
      resource: z.string().min(1).max(500).optional().describe('A path, an id, or the name of a database'),
      outcome: AuditOutcome.optional(),
      from: time.optional().describe('Not before this time'),
      to: time.optional().describe('Not after this time'),
    }),
    responses: { 200: AuditPage },
    async handler({ query }) {
      const { cursor, ...filter } = query;
      const after = cursor === undefined ? undefined : decodeCursor(z.string().max(200), cursor);
      const { items, next } = await auditTrail().list(filter, after);
      return { status: 200, body: pageBody(items, next) };
    },
  }),
];
