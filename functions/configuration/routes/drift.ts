import { z } from 'zod';
import { pageBody, pageOf } from '#platform/page.ts';
import { type Route, route } from '#platform/route.ts';
import { needs } from '../access.ts';
import { detectDrift, readDrift } from '../drift/detect.ts';
import { keepReport } from '../drift/reports.ts';
import { Drift, NewReport } from '../drift/schemas.ts';
import { hurryHealth } from '../updates/health/hurry.ts';

const Page = pageOf(Drift).meta({ id: 'ConfigurationDriftPage' });

/** How long a look at everything may take of a request, ms. */
const lookMs = 25_000;

export const driftRoutes: Route[] = [
  route({
    method: 'POST',
    path: '/configuration/reports',
    summary: 'Report what an instance of a service has in force, and what it cannot use',
    description:
      'A report counts for 15 minutes: send one when something changed, and one a minute. What is named as failed takes the update back that wrote it.',
    needs: needs('report_configuration'),
    routine: true,
    body: NewReport,
    responses: { 204: z.undefined() },
    async handler({ body }) {
      await keepReport(body);
      if (body.failed.length > 0) await hurryHealth(body.service);
      return { status: 204, body: undefined };
    },
  }),
  route({
    method: 'GET',
    path: '/configuration/drift',
    summary: 'List who has something else in force than what holds for it, as the last look found it',
    needs: needs('view_configuration'),
    responses: { 200: Page },
    handler: async () => ({ status: 200, body: pageBody(await readDrift(), undefined) }),
  }),
  route({
    method: 'POST',
    path: '/configuration/drift/check',
    summary: 'Look now who has something else in force than what holds for it',
    needs: needs('update_configuration'),
    responses: { 200: Page },
    async handler() {
      await detectDrift(AbortSignal.timeout(lookMs));
      return { status: 200, body: pageBody(await readDrift(), undefined) };
    },
  }),
];
