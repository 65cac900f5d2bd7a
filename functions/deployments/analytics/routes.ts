import { z } from 'zod';
import { ServiceName } from '#compatibility/contracts/shape.ts';
import { clock } from '#platform/clock.ts';
import { InvalidInput } from '#platform/errors.ts';
import type { Place } from '#platform/records.ts';
import { type Route, route } from '#platform/route.ts';
import { needs } from '../access.ts';
import { listDeployments } from '../deployment-store.ts';
import type { DeploymentRecord } from '../records.ts';
import { keys } from '../store.ts';
import { type Deployed, measuresByService, measuresOf } from './measures.ts';
import { DeploymentAnalytics } from './schemas.ts';

const dayMs = 86_400_000;
const defaultDays = 30;
const mostDays = 366;
/** 2,000 deployments are read at most: it has to be said within a request. */
const mostPages = 20;
const pageSize = 100;

const Time = z.iso.datetime({ offset: true }).transform((text) => new Date(text).toISOString());

const deployedOf = (record: DeploymentRecord): Deployed => ({
  ...record,
  failedAt: record.failure?.at ?? null,
});

/** The deployments begun in [from, to), newest first, page by page from the end of that time on. */
async function begunBetween(
  from: string,
  to: string,
  service: string | undefined,
): Promise<{ found: Deployed[]; complete: boolean }> {
  const found: Deployed[] = [];
  // The keys before this one are of deployments that were begun before `to`.
  let place: Place | undefined = {
    ...(service === undefined ? keys.entry(to, '') : keys.serviceEntry(service, to, '')),
  };
  for (let page = 0; page < mostPages; page += 1) {
    const { items, next } = await listDeployments({ service, limit: pageSize, from: place });
    for (const record of items) {
      if (record.createdAt < from) return { found, complete: true };
      found.push(deployedOf(record));
    }
    place = next;
    if (place === undefined) return { found, complete: true };
  }
  return { found, complete: false };
}

/** GET /deployments/analytics. */
export const analyticsRoute: Route = route({
  method: 'GET',
  path: '/deployments/analytics',
  summary: 'Show how often, how quickly and how safely is deployed',
  description: 'The four measures of DORA over deployments begun in a time, the last 30 days by default.',
  needs: needs('view_deployments'),
  query: z.strictObject({ from: Time.optional(), to: Time.optional(), service: ServiceName.optional() }),
  responses: { 200: DeploymentAnalytics },
  async handler({ query }) {
    const to = query.to ?? clock.iso();
    const from = query.from ?? new Date(Date.parse(to) - defaultDays * dayMs).toISOString();
    const days = (Date.parse(to) - Date.parse(from)) / dayMs;
    if (days <= 0 || days > mostDays) {
      const detail = `Expected a time before ${to}, and at most ${mostDays} days before, found ${from}`;
      throw new InvalidInput(detail, {
        problems: [{ pointer: '/query/from', detail }],
        action: 'Ask for a shorter time that begins before it ends.',
      });
    }
    const { found, complete } = await begunBetween(from, to, query.service);
    return {
      status: 200,
      body: {
        from,
        to,
        complete,
        overall: measuresOf(found, days),
        services: measuresByService(found, days),
      },
    };
  },
});
