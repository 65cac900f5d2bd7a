import { z } from 'zod';
import { decodeCursor, pageBody, pageQuery } from '#platform/page.ts';
import { placeSchema } from '#platform/records.ts';
import { type Route, route } from '#platform/route.ts';
import { needs } from '../access.ts';
import { listEnvironments, setEnvironment } from '../environments/environments.ts';
import { environmentStatus } from '../environments/status.ts';
import { tryToBringOn } from '../publishing/bring-on.ts';
import { EnvironmentName, EnvironmentPage, EnvironmentSettings, EnvironmentView } from '../schemas.ts';

export const EnvironmentParams = z.strictObject({ environment: EnvironmentName });

export const environmentRoutes: Route[] = [
  route({
    method: 'GET',
    path: '/flags/environments',
    summary: 'List environments of flags, by name',
    needs: needs('view_flags'),
    query: pageQuery,
    responses: { 200: EnvironmentPage },
    async handler({ query }) {
      const from = query.cursor === undefined ? undefined : decodeCursor(placeSchema, query.cursor);
      const { items, next } = await listEnvironments(query.limit, from);
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
    path: '/flags/environments/{environment}',
    summary: 'Make an environment of flags, or set how its changes come into force',
    description: 'Takes the place of what was set before.',
    needs: needs('set_flag_environment'),
    params: EnvironmentParams,
    body: EnvironmentSettings,
    responses: { 200: EnvironmentView, 201: EnvironmentView },
    async handler({ params, body, caller, logger, metrics }) {
      const { created } = await setEnvironment(params.environment, body, caller.subject);
      await tryToBringOn(params.environment, { logger, metrics });
      return { status: created ? 201 : 200, body: await environmentStatus(params.environment) };
    },
  }),
  route({
    method: 'GET',
    path: '/flags/environments/{environment}',
    summary: 'Show an environment of flags: its settings, and how far its newest flags have come',
    needs: needs('view_flags'),
    params: EnvironmentParams,
    responses: { 200: EnvironmentView },
    handler: async ({ params }) => ({
      status: 200,
      body: await environmentStatus(params.environment),
    }),
  }),
];
