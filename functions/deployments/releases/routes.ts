import { z } from 'zod';
import { decodeCursor, pageBody, pageOf, pageQuery } from '#platform/page.ts';
import { placeSchema } from '#platform/records.ts';
import { type Route, route } from '#platform/route.ts';
import { needs } from '../access.ts';
import { decideRelease } from './decisions.ts';
import { readReleaseEvents } from './events.ts';
import { promotionOf, releaseFor } from './promotion.ts';
import { NewPromotion, Promotion } from './promotion-schemas.ts';
import { listReleases, readRelease } from './release-store.ts';
import {
  NewRelease,
  Release,
  type ReleaseAction,
  ReleaseEvent,
  ReleaseId,
  ReleasePage,
  ReleasePlan,
} from './schemas.ts';
import { beginRelease, checkRelease } from './starting.ts';
import { releaseView } from './view.ts';

const Params = z.strictObject({ id: ReleaseId });
const Reason = z.strictObject({ comment: z.string().min(1).max(500).optional() }).optional();

const summaries: Record<ReleaseAction, string> = {
  approve: 'Approve a release that waits for it',
  abort: 'Give a release up: every member and flag goes back',
  rollback: 'Take every member and flag of a release back, as long as the old versions are kept',
  finish: 'Let the old versions of all members go before their time',
};

const actionRoutes = (Object.keys(summaries) as ReleaseAction[]).map((verb) =>
  route({
    method: 'POST',
    path: `/releases/{id}/${verb}`,
    summary: summaries[verb],
    needs: needs(verb === 'approve' ? 'approve_deployment' : 'deploy'),
    params: Params,
    body: Reason,
    responses: { 200: Release },
    async handler({ params, body, caller }) {
      const record = await decideRelease(params.id, verb, {
        subject: caller.subject,
        comment: body?.comment,
      });
      return { status: 200, body: await releaseView(record) };
    },
  }),
);

export const releaseRoutes: Route[] = [
  route({
    method: 'POST',
    path: '/releases',
    summary: 'Release new versions of several services, in the order of their dependencies',
    description: 'With dryRun nothing is stored: the answer is the plan, with who moves after whom.',
    needs: needs('deploy'),
    body: NewRelease,
    query: z.strictObject({ dryRun: z.enum(['true', 'false']).default('false') }),
    responses: { 200: ReleasePlan, 201: Release },
    async handler({ body, query, ...tools }) {
      if (query.dryRun === 'true') return { status: 200, body: await checkRelease(body) };
      const record = await beginRelease(body, tools);
      return {
        status: 201,
        body: await releaseView(record),
        headers: { location: `/releases/${record.id}` },
      };
    },
  }),
  route({
    method: 'GET',
    path: '/releases',
    summary: 'List releases, newest first',
    needs: needs('view_deployments'),
    query: pageQuery,
    responses: { 200: ReleasePage },
    async handler({ query: { cursor, limit } }) {
      const from = cursor === undefined ? undefined : decodeCursor(placeSchema, cursor);
      const { items, next } = await listReleases({ limit, from });
      return { status: 200, body: pageBody(await Promise.all(items.map(releaseView)), next) };
    },
  }),
  route({
    method: 'GET',
    path: '/releases/{id}',
    summary: 'Show a release: its members, flags, and what can be done next',
    needs: needs('view_deployments'),
    params: Params,
    responses: { 200: Release },
    handler: async ({ params }) => ({ status: 200, body: await releaseView(await readRelease(params.id)) }),
  }),
  route({
    method: 'POST',
    path: '/releases/promotions',
    summary: 'Release what a release brought in the environment before this one',
    description: 'With dryRun nothing is stored: the answer is the plan.',
    needs: needs('deploy'),
    body: NewPromotion,
    query: z.strictObject({ dryRun: z.enum(['true', 'false']).default('false') }),
    responses: { 200: ReleasePlan, 201: Release },
    async handler({ body, query, ...tools }) {
      const request = await releaseFor(body);
      if (query.dryRun === 'true') return { status: 200, body: await checkRelease(request) };
      const record = await beginRelease(request, tools);
      return {
        status: 201,
        body: await releaseView(record),
        headers: { location: `/releases/${record.id}` },
      };
    },
  }),
  route({
    method: 'GET',
    path: '/releases/{id}/promotion',
    summary: 'Show what a completed release brought, signed, for the next environment',
    needs: needs('view_deployments'),
    params: Params,
    responses: { 200: Promotion },
    handler: async ({ params }) => ({ status: 200, body: await promotionOf(await readRelease(params.id)) }),
  }),
  route({
    method: 'GET',
    path: '/releases/{id}/events',
    summary: 'List what happened in a release and who did it, oldest first',
    needs: needs('view_deployments'),
    params: Params,
    query: pageQuery,
    responses: { 200: pageOf(ReleaseEvent).meta({ id: 'ReleaseEventPage' }) },
    async handler({ params, query }) {
      const after = query.cursor === undefined ? -1 : decodeCursor(z.int(), query.cursor);
      const { items, next } = await readReleaseEvents(await readRelease(params.id), query.limit, after);
      return { status: 200, body: pageBody(items, next) };
    },
  }),
  ...actionRoutes,
];
