import { pageBody } from '#platform/page.ts';
import { type Route, route } from '#platform/route.ts';
import { needs } from '../access.ts';
import { lookForDrift, readDrift } from '../drift/look.ts';
import { FlagDriftPage } from '../drift/schemas.ts';
import { tryToBringOn } from '../publishing/bring-on.ts';
import { EnvironmentParams } from './environments.ts';

const path = '/flags/environments/{environment}/drift';

export const driftRoutes: Route[] = [
  route({
    method: 'GET',
    path,
    summary: 'List where AppConfig has something else in force than was deployed, as the last look found it',
    description: 'Somebody deployed by hand, took a deployment back, or deleted something.',
    needs: needs('view_flags'),
    params: EnvironmentParams,
    responses: { 200: FlagDriftPage },
    handler: async ({ params }) => ({
      status: 200,
      body: pageBody(await readDrift(params.environment), undefined),
    }),
  }),
  route({
    method: 'POST',
    path: `${path}/check`,
    summary: 'Look now whether AppConfig has in force what was deployed',
    description: 'What is not is deployed anew where the environment says `remediate`.',
    needs: needs('change_flags'),
    params: EnvironmentParams,
    responses: { 200: FlagDriftPage },
    async handler({ params, logger, metrics }) {
      await lookForDrift(params.environment);
      await tryToBringOn(params.environment, { logger, metrics });
      return { status: 200, body: pageBody(await readDrift(params.environment), undefined) };
    },
  }),
];
