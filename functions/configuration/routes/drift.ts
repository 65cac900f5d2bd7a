import { z } from 'zod';
import { pageBody, pageOf } from '#platform/page.ts';
import { type Route, route } from '#platform/route.ts';
import { needs } from '../access.ts';
import { detectDrift, readInstanceDrift } from '../drift/detect.ts';
import { detectPublicationDrift, readPublicationDrift } from '../drift/publications.ts';
import { keepReport } from '../drift/reports.ts';
import { Drift, NewReport } from '../drift/schemas.ts';
import { publishAll } from '../publications/publish.ts';
import { hurryHealth } from '../updates/health/hurry.ts';

const Page = pageOf(Drift).meta({ id: 'ConfigurationDriftPage' });

const readDrift = async (): Promise<Drift[]> => [
  ...(await readPublicationDrift()),
  ...(await readInstanceDrift()),
];

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
    summary:
      'List where something else is in force than what holds, at services and at AppConfig, as the last look found it',
    needs: needs('view_configuration'),
    responses: { 200: Page },
    handler: async () => ({ status: 200, body: pageBody(await readDrift(), undefined) }),
  }),
  route({
    method: 'POST',
    path: '/configuration/drift/check',
    summary: 'Look now where something else is in force than what holds',
    needs: needs('update_configuration'),
    responses: { 200: Page },
    async handler({ logger, metrics }) {
      const signal = AbortSignal.timeout(lookMs);
      await detectDrift(signal);
      const { redeployed } = await detectPublicationDrift(signal);
      if (redeployed > 0) await publishAll({ logger, metrics });
      return { status: 200, body: pageBody(await readDrift(), undefined) };
    },
  }),
];
