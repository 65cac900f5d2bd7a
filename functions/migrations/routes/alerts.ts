import { z } from 'zod';
import { decodeCursor, pageBody, pageQuery } from '#platform/page.ts';
import { type Route, route } from '#platform/route.ts';
import { needs } from '../access/actions.ts';
import { visibleOf } from '../access/control.ts';
import { listAlerts } from '../alerts/list.ts';
import { addRule, changeRule, findRule, listRules, removeRule } from '../alerts/rules.ts';
import {
  AlertPage,
  AlertRule,
  AlertRulePage,
  ChangedAlertRule,
  NewAlertRule,
  RuleName,
} from '../alerts/schemas.ts';
import { Severity } from '../alerts/state.ts';

const Params = z.strictObject({ name: RuleName });
const Offset = z.int().min(0);

/** A page of a list that is read as a whole; the cursor is a place in it. */
function pageFrom<T>(all: readonly T[], limit: number, cursor: string | undefined) {
  const start = cursor === undefined ? 0 : decodeCursor(Offset, cursor);
  const end = start + limit;
  return pageBody(all.slice(start, end), end < all.length ? end : undefined);
}

export const alertRoutes: Route[] = [
  route({
    method: 'GET',
    path: '/alerts',
    summary: 'List the alerts that fire, critical ones first',
    needs: needs('view_progress', 'each database'),
    query: pageQuery.extend({
      severity: Severity.optional(),
      pending: z.enum(['true', 'false']).default('false').describe('Those that do not fire yet, too'),
    }),
    responses: { 200: AlertPage },
    async handler({ query, caller }) {
      const all = await listAlerts({ severity: query.severity, pending: query.pending === 'true' });
      const seen = await visibleOf(caller, all, ({ database }) => database);
      return { status: 200, body: pageFrom(seen, query.limit, query.cursor) };
    },
  }),
  route({
    method: 'POST',
    path: '/alert-rules',
    summary: 'Add an alert rule',
    needs: needs('manage_alerts', 'platform'),
    body: NewAlertRule,
    responses: { 201: AlertRule },
    async handler({ body, caller }) {
      const rule = await addRule(body, caller.subject);
      return { status: 201, body: rule, headers: { location: `/alert-rules/${rule.name}` } };
    },
  }),
  route({
    method: 'GET',
    path: '/alert-rules',
    summary: 'List alert rules by name, those that come with the platform included',
    needs: needs('view_progress', 'platform'),
    query: pageQuery,
    responses: { 200: AlertRulePage },
    handler: async ({ query }) => ({
      status: 200,
      body: pageFrom(await listRules(), query.limit, query.cursor),
    }),
  }),
  route({
    method: 'GET',
    path: '/alert-rules/{name}',
    summary: 'Show an alert rule',
    needs: needs('view_progress', 'platform'),
    params: Params,
    responses: { 200: AlertRule },
    handler: async ({ params }) => ({ status: 200, body: await findRule(params.name) }),
  }),
  route({
    method: 'PATCH',
    path: '/alert-rules/{name}',
    summary: 'Change an alert rule; what is left out stays',
    needs: needs('manage_alerts', 'platform'),
    params: Params,
    body: ChangedAlertRule,
    responses: { 200: AlertRule },
    handler: async ({ params, body, caller }) => ({
      status: 200,
      body: await changeRule(params.name, body, caller.subject),
    }),
  }),
  route({
    method: 'DELETE',
    path: '/alert-rules/{name}',
    summary: 'Remove an alert rule; one of the platform can only be switched off',
    needs: needs('manage_alerts', 'platform'),
    params: Params,
    responses: { 204: z.undefined() },
    async handler({ params }) {
      await removeRule(params.name);
      return { status: 204, body: undefined };
    },
  }),
];
