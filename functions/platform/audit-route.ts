import { z } from 'zod';
import type { Needs } from './access.ts';
import type { AuditStore } from './audit.ts';
import { AuditOutcome, AuditPage } from './audit-entry.ts';
import { decodeCursor, pageBody, pageQuery } from './page.ts';
import { type Route, route } from './route.ts';

const time = z.iso.datetime({ offset: true }).transform((text) => new Date(text).toISOString());

/** The audit trail of a capability, to be read at `path`; entries are made by what they tell of and by nothing else. */
export const auditRoute = <A extends z.ZodType<string>>(
  path: string,
  needs: Needs,
  action: A,
  trail: () => AuditStore,
): Route =>
  route({
    method: 'GET',
    path,
    summary: 'List who changed what, or tried to, newest first',
    description:
      'Every call that changes something, and what the platform did by itself. A page may be short, or empty, and not the last: `nextCursor` says.',
    needs,
    query: pageQuery.extend({
      subject: z.string().min(1).max(200).optional(),
      action: action.optional(),
      resource: z.string().min(1).max(500).optional().describe('A path, an id, or the name of a database'),
      outcome: AuditOutcome.optional(),
      from: time.optional().describe('Not before this time'),
      to: time.optional().describe('Not after this time'),
    }),
    responses: { 200: AuditPage },
    async handler({ query }) {
      const { cursor, limit, subject, action: done, resource, outcome, from, to } = query;
      const after = cursor === undefined ? undefined : decodeCursor(z.string().max(200), cursor);
      const filter = { limit, subject, action: done, resource, outcome, from, to };
      const { items, next } = await trail().list(filter, after);
      return { status: 200, body: pageBody(items, next) };
    },
  });
