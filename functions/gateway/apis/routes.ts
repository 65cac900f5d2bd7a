import { z } from 'zod';
import { ServiceName } from '#compatibility/contracts/shape.ts';
import { clock } from '#platform/clock.ts';
import { NotFound } from '#platform/errors.ts';
import { type Route, route } from '#platform/route.ts';
import { needs } from '../access.ts';
import type { ApiRoute } from './schemas.ts';
import { readApi } from './stored-api.ts';
import { readUsage } from './usage/read.ts';
import { ApiUsage, ApiUsageQuery, apiUsage, ServedApi, servedApi } from './views.ts';

const Params = z.strictObject({ service: ServiceName });
const dayMs = 86_400_000;

/** Throws NotFound. */
async function apiOf(service: string): Promise<ApiRoute> {
  const found = await readApi(service);
  if (found !== undefined) return found;
  throw new NotFound(`${service} serves no API`, {
    evidence: { service },
    action: 'Give an API this service: `theseus api set`.',
  });
}

export const apiRoutes: Route[] = [
  route({
    method: 'GET',
    path: '/gateway/routes/{service}/api',
    summary: 'Show how the API of a service is served: its versions, what goes away, its limits',
    needs: needs('view_routes'),
    params: Params,
    responses: { 200: ServedApi },
    handler: async ({ params }) => ({ status: 200, body: servedApi(await apiOf(params.service)) }),
  }),
  route({
    method: 'GET',
    path: '/gateway/routes/{service}/api/usage',
    summary: 'Show who used which version of the API of a service in the last days',
    needs: needs('view_routes'),
    params: Params,
    query: ApiUsageQuery,
    responses: { 200: ApiUsage },
    async handler({ params, query }) {
      const { api } = await apiOf(params.service);
      const now = clock.now();
      const window = {
        from: new Date(now - query.days * dayMs).toISOString(),
        to: new Date(now).toISOString(),
      };
      return { status: 200, body: apiUsage(await readUsage({ api, ...window })) };
    },
  }),
];
