import { z } from 'zod';
import { decodeCursor, pageBody, pageQuery } from '#platform/page.ts';
import { placeSchema } from '#platform/records.ts';
import { type Route, route } from '#platform/route.ts';
import { needs } from '../access.ts';
import { apiView, listApis, readApi, removeApi } from '../registry/apis.ts';
import { setApi } from '../registry/settings.ts';
import { ApiName, ApiPage, ApiSettings, ApiView } from '../schemas.ts';
import { serveApi } from '../serving/serve-api.ts';

export const ApiParams = z.strictObject({ api: ApiName });

export const apiRoutes: Route[] = [
  route({
    method: 'GET',
    path: '/apis',
    summary: 'List APIs, by name',
    needs: needs('view_apis'),
    query: pageQuery,
    responses: { 200: ApiPage },
    async handler({ query }) {
      const from = query.cursor === undefined ? undefined : decodeCursor(placeSchema, query.cursor);
      const { items, next } = await listApis(query.limit, from);
      return {
        status: 200,
        body: pageBody(
          items.map(({ revision: _revision, ...shown }) => shown),
          next,
        ),
      };
    },
  }),
  route({
    method: 'PUT',
    path: '/apis/{api}',
    summary: 'Set what an API is: its kind, how versions are numbered and chosen, who serves it',
    description: 'Takes the place of what was set before; its kind and scheme stay once it has versions.',
    needs: needs('register_api'),
    params: ApiParams,
    body: ApiSettings,
    responses: { 200: ApiView, 201: ApiView },
    async handler({ params, body, caller, logger }) {
      const { record, created } = await setApi(params.api, body, caller.subject);
      await serveApi(record, { logger });
      return { status: created ? 201 : 200, body: apiView(record) };
    },
  }),
  route({
    method: 'GET',
    path: '/apis/{api}',
    summary: 'Show an API',
    needs: needs('view_apis'),
    params: ApiParams,
    responses: { 200: ApiView },
    handler: async ({ params }) => ({ status: 200, body: apiView(await readApi(params.api)) }),
  }),
  route({
    method: 'DELETE',
    path: '/apis/{api}',
    summary: 'Forget an API that has no versions',
    needs: needs('register_api'),
    params: ApiParams,
    responses: { 204: z.undefined() },
    async handler({ params }) {
      await removeApi(params.api);
      return { status: 204, body: undefined };
    },
  }),
];
