import { z } from 'zod';
import { ServiceName } from '#compatibility/contracts/shape.ts';
import { InvalidInput } from '#platform/errors.ts';
import { decodeCursor, pageBody } from '#platform/page.ts';
import { placeSchema } from '#platform/records.ts';
import { type Route as ApiRoute, route } from '#platform/route.ts';
import { needs } from '../access.ts';
import { Route, RouteBody, RouteDeletion, RoutePage, RouteQuery, Traffic, TrafficQuery } from '../schemas.ts';
import { trafficOf } from '../traffic/summary.ts';
import { listRoutes, putRoute, readRoute, removeRoute } from './record.ts';

const Params = z.strictObject({ service: ServiceName });

export const routeRoutes: ApiRoute[] = [
  route({
    method: 'GET',
    path: '/gateway/routes',
    summary: 'List where requests to services go',
    needs: needs('view_routes'),
    query: RouteQuery,
    responses: { 200: RoutePage },
    async handler({ query }) {
      const from = query.cursor === undefined ? undefined : decodeCursor(placeSchema, query.cursor);
      const { items, next } = await listRoutes(query.limit, from);
      return { status: 200, body: pageBody(items, next) };
    },
  }),
  route({
    method: 'GET',
    path: '/gateway/routes/{service}',
    summary: 'Show where requests to a service go',
    needs: needs('view_routes'),
    params: Params,
    responses: { 200: Route },
    handler: async ({ params }) => ({ status: 200, body: await readRoute(params.service) }),
  }),
  route({
    method: 'GET',
    path: '/gateway/routes/{service}/traffic',
    summary: 'Show what came of requests to the versions of a service in the last minutes',
    needs: needs('view_routes'),
    params: Params,
    query: TrafficQuery,
    responses: { 200: Traffic },
    handler: async ({ params, query }) => ({
      status: 200,
      body: await trafficOf(await readRoute(params.service), query.minutes * 60_000),
    }),
  }),
  route({
    method: 'PUT',
    path: '/gateway/routes/{service}',
    summary: 'Say where requests to a service go',
    description:
      'The whole route: what is not named gets its default. `revision` is the one that the change was made of; another one there is 409. It takes effect everywhere within 2 s.',
    needs: needs('change_routes'),
    params: Params,
    body: RouteBody,
    responses: { 200: Route },
    async handler({ params, body, caller }) {
      const { revision, override, reason, ...settings } = body;
      if (override && reason === undefined) {
        throw new InvalidInput('/body/reason: Expected a reason with `override`', {
          problems: [{ pointer: '/body/reason', detail: 'Expected a reason with `override`' }],
          action: 'Say why the deployment is not waited for: it is kept in the audit trail.',
        });
      }
      const service = params.service;
      const stored = await putRoute({ service, settings, revision, override, by: caller.subject });
      return { status: 200, body: stored };
    },
  }),
  route({
    method: 'DELETE',
    path: '/gateway/routes/{service}',
    summary: 'Remove the route of a service: its callers get 404 from the gateway',
    needs: needs('change_routes'),
    params: Params,
    query: RouteDeletion,
    responses: { 204: z.undefined() },
    async handler({ params, query }) {
      await removeRoute(params.service, query.revision);
      return { status: 204, body: undefined };
    },
  }),
];
