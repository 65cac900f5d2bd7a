import { z } from 'zod';
import { ServiceName } from '#compatibility/contracts/shape.ts';
import { decodeCursor, pageBody, pageOf, pageQuery } from '#platform/page.ts';
import { placeSchema } from '#platform/records.ts';
import { type Route, route } from '#platform/route.ts';
import { needs } from '../access.ts';
import { readSamples } from '../analysis/collect.ts';
import { decide } from '../decisions/decisions.ts';
import { listDeployments, readDeployment } from '../deployment-store.ts';
import { readEvents } from '../events.ts';
import { gateSecret } from '../gates/secret.ts';
import {
  type Action,
  Deployment,
  DeploymentAnalysis,
  DeploymentEvent,
  DeploymentId,
  DeploymentPage,
  DeploymentPlan,
  DeploymentStatus,
  NewDeployment,
} from '../schemas.ts';
import { planOf, startDeployment } from '../starting.ts';
import { viewOf } from '../view.ts';

const Params = z.strictObject({ id: DeploymentId });
const Reason = z.strictObject({ comment: z.string().min(1).max(500).optional() }).optional();

const summaries: Record<Action, string> = {
  approve: 'Approve a deployment that waits for it',
  pause: 'Stay at the step that a deployment is at; it is judged all the same',
  resume: 'Go on where a deployment was paused',
  promote: 'Go to the next step now, or end the last',
  'skip-to-full': 'Give the new version all traffic now; it is baked',
  abort: 'Give a deployment up: all traffic goes back to the old version',
  rollback: 'Give all traffic back to the old version, as long as that is kept',
  finish: 'Let the old version go before its time',
};

const actionRoutes = (Object.keys(summaries) as Action[]).map((verb) =>
  route({
    method: 'POST',
    path: `/deployments/{id}/${verb}`,
    summary: summaries[verb],
    needs: needs(verb === 'approve' ? 'approve_deployment' : 'deploy'),
    params: Params,
    body: Reason,
    responses: { 200: Deployment },
    async handler({ params, body, caller }) {
      const record = await decide(params.id, verb, { subject: caller.subject, comment: body?.comment });
      return { status: 200, body: await viewOf(record) };
    },
  }),
);

export const deploymentRoutes: Route[] = [
  route({
    method: 'POST',
    path: '/deployments',
    summary: 'Deploy a version of a service step by step',
    description:
      'With dryRun nothing is stored: the answer is the plan, with its steps and how long they take. 201 also when it waits for its turn: `queuedBehind` says for whom.',
    needs: needs('deploy'),
    body: NewDeployment,
    query: z.strictObject({ dryRun: z.enum(['true', 'false']).default('false') }),
    responses: { 200: DeploymentPlan, 201: Deployment },
    async handler({ body, query, ...tools }) {
      if (query.dryRun === 'true') return { status: 200, body: await planOf(body) };
      const record = await startDeployment(body, tools);
      return { status: 201, body: await viewOf(record), headers: { location: `/deployments/${record.id}` } };
    },
  }),
  route({
    method: 'GET',
    path: '/deployments',
    summary: 'List deployments, newest first',
    description: 'A page may be short, or empty, and not the last: `nextCursor` says.',
    needs: needs('view_deployments'),
    query: pageQuery.extend({ service: ServiceName.optional(), status: DeploymentStatus.optional() }),
    responses: { 200: DeploymentPage },
    async handler({ query }) {
      const { cursor, ...filter } = query;
      const from = cursor === undefined ? undefined : decodeCursor(placeSchema, cursor);
      const { items, next } = await listDeployments({ ...filter, from });
      return { status: 200, body: pageBody(await Promise.all(items.map(viewOf)), next) };
    },
  }),
  route({
    method: 'POST',
    path: '/deployments/gate-secret',
    summary: 'Show the secret with which gates know that it is this platform who asks',
    needs: needs('read_gate_secret'),
    answersSecret: true,
    responses: { 200: z.strictObject({ secret: z.string() }) },
    handler: async () => ({ status: 200, body: { secret: await gateSecret() } }),
  }),
  route({
    method: 'GET',
    path: '/deployments/{id}',
    summary: 'Show a deployment: steps, traffic, judgement, what can be done next',
    needs: needs('view_deployments'),
    params: Params,
    responses: { 200: Deployment },
    handler: async ({ params }) => ({ status: 200, body: await viewOf(await readDeployment(params.id)) }),
  }),
  route({
    method: 'GET',
    path: '/deployments/{id}/events',
    summary: 'List what happened in a deployment and who did it, oldest first',
    needs: needs('view_deployments'),
    params: Params,
    query: pageQuery,
    responses: { 200: pageOf(DeploymentEvent).meta({ id: 'DeploymentEventPage' }) },
    async handler({ params, query }) {
      const after = query.cursor === undefined ? -1 : decodeCursor(z.int(), query.cursor);
      const { items, next } = await readEvents(await readDeployment(params.id), query.limit, after);
      return { status: 200, body: pageBody(items, next) };
    },
  }),
  route({
    method: 'GET',
    path: '/deployments/{id}/analysis',
    summary: 'Show the samples of both versions and the judgement made of them',
    needs: needs('view_deployments'),
    params: Params,
    responses: { 200: DeploymentAnalysis },
    async handler({ params }) {
      const record = await readDeployment(params.id);
      const { id, criteria, judgedSince, judgement } = record;
      const samples = await readSamples(id);
      return {
        status: 200,
        body: { deployment: id, criteria, since: judgedSince ?? '', judgement, samples },
      };
    },
  }),
  ...actionRoutes,
];
