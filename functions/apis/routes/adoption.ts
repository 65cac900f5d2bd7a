import { z } from 'zod';
import { type Route, route } from '#platform/route.ts';
import { needs } from '../access.ts';
import { readApi } from '../registry/apis.ts';
import { Adoption, adoptionOf } from '../usage/adoption.ts';
import { chartOf } from '../usage/chart.ts';
import { askUsage, usualDays } from '../usage/read-usage.ts';
import { ApiParams } from './apis.ts';

const Window = z.strictObject({
  days: z.coerce.number().int().min(1).max(400).default(usualDays).describe('Up to today'),
});

async function adoption(name: string, days: number): Promise<Adoption> {
  const api = await readApi(name);
  return adoptionOf(
    name,
    api.versions.map(({ version }) => version),
    await askUsage(name, days),
  );
}

export const adoptionRoutes: Route[] = [
  route({
    method: 'GET',
    path: '/apis/{api}/adoption',
    summary: 'Show who uses which version, and how that changed from day to day',
    needs: needs('view_apis'),
    params: ApiParams,
    query: Window,
    responses: { 200: Adoption },
    handler: async ({ params, query }) => ({ status: 200, body: await adoption(params.api, query.days) }),
  }),
  route({
    method: 'GET',
    path: '/apis/{api}/adoption.svg',
    summary: 'Show the same as a picture',
    needs: needs('view_apis'),
    params: ApiParams,
    query: Window,
    produces: ['image/svg+xml'],
    responses: { 200: z.string() },
    handler: async ({ params, query }) => ({
      status: 200,
      body: chartOf(await adoption(params.api, query.days)),
      headers: { 'content-type': 'image/svg+xml' },
    }),
  }),
];
