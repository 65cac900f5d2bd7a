import { type Route, route } from '#platform/route.ts';
import { needs } from '../access.ts';
import { discover } from '../discovery/discover.ts';
import { Discovery, DiscoveryQuery } from '../discovery/schemas.ts';
import { ServiceParams } from './versions.ts';

export const discoveryRoutes: Route[] = [
  route({
    method: 'GET',
    path: '/services/{name}/discover',
    summary: 'Find instances of a service by version, health and labels',
    description:
      'An instance whose lease is over is never among them. With a consumer, neither is one of a version that breaks it.',
    needs: needs('view_services'),
    params: ServiceParams,
    query: DiscoveryQuery,
    responses: { 200: Discovery },
    handler: async ({ params, query }) => ({ status: 200, body: await discover(params.name, query) }),
  }),
];
