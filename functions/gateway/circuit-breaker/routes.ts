import { z } from 'zod';
import { decodeCursor, pageBody, pageQuery } from '#platform/page.ts';
import { type Route, route } from '#platform/route.ts';
import { needs } from '../access.ts';
import { table } from '../store.ts';
import { listBreakers } from './breaker-store.ts';
import { describeBreaker, isolateBreaker, resetBreaker } from './operate.ts';
import { BreakerName, NamePart } from './policy.ts';
import { Breaker, BreakerPage, breakerView, CountedBreaker } from './views.ts';

const Params = z.strictObject({ service: NamePart, version: NamePart });
const nameOf = ({ service, version }: z.infer<typeof Params>) => `${service}/${version}`;
const Reason = z.strictObject({
  reason: z.string().trim().min(1).max(500).describe('Why; it stays in the audit trail'),
});

export const breakerRoutes: Route[] = [
  route({
    method: 'GET',
    path: '/gateway/circuit-breakers',
    summary: 'List circuit breakers, by name',
    description: 'One for each version of a service that callers asked a breaker for within 30 days.',
    needs: needs('view_routes'),
    query: pageQuery,
    responses: { 200: BreakerPage },
    async handler({ query }) {
      const after = query.cursor === undefined ? undefined : decodeCursor(BreakerName, query.cursor);
      const { items, next } = await listBreakers(table(), query.limit, after);
      return { status: 200, body: pageBody(items.map(breakerView), next) };
    },
  }),
  route({
    method: 'GET',
    path: '/gateway/circuit-breakers/{service}/{version}',
    summary: 'Show a circuit breaker and what its callers counted',
    needs: needs('view_routes'),
    params: Params,
    responses: { 200: CountedBreaker },
    handler: async ({ params }) => ({ status: 200, body: await describeBreaker(nameOf(params)) }),
  }),
  route({
    method: 'POST',
    path: '/gateway/circuit-breakers/{service}/{version}/isolate',
    summary: 'Hold a circuit breaker open until it is reset',
    description: 'No call is made and nobody probes. Callers know within 3 seconds.',
    needs: needs('set_circuit_breaker'),
    params: Params,
    body: Reason,
    responses: { 200: Breaker },
    handler: async ({ params, body, caller }) => ({
      status: 200,
      body: breakerView(await isolateBreaker(nameOf(params), caller.subject, body.reason)),
    }),
  }),
  route({
    method: 'POST',
    path: '/gateway/circuit-breakers/{service}/{version}/reset',
    summary: 'Close a circuit breaker and forget what was counted',
    description: 'Callers know within 3 seconds. It opens again when calls go on failing.',
    needs: needs('set_circuit_breaker'),
    params: Params,
    body: Reason,
    responses: { 200: Breaker },
    handler: async ({ params }) => ({ status: 200, body: breakerView(await resetBreaker(nameOf(params))) }),
  }),
];
