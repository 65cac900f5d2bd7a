import { z } from 'zod';
import { decodeCursor, pageBody, pageQuery } from '#platform/page.ts';
import { type Route, route } from '#platform/route.ts';
import { needs } from '../access.ts';
import { readAnalytics, Window } from '../analytics/read-analytics.ts';
import { FlagAnalytics } from '../analytics/schemas.ts';
import { acceptExposures, acceptTracks } from '../experiments/accept.ts';
import { AssignmentAsk, Assignments } from '../experiments/assignment-schemas.ts';
import { assign } from '../experiments/assignments.ts';
import { beginRun } from '../experiments/begin-run.ts';
import { countedFlags } from '../experiments/counted-flags.ts';
import { AcceptedBatch, ExposureBatch, TrackBatch } from '../experiments/events.ts';
import { registeredFlags } from '../experiments/registered-flags.ts';
import { NewRun, Run } from '../experiments/run-schemas.ts';
import { readLifecycle } from '../lifecycle/read-lifecycle.ts';
import { keepReferences } from '../lifecycle/references.ts';
import { Finding, FlagLifecyclePage, FlagReferences } from '../lifecycle/schemas.ts';
import { EnvironmentParams } from './environments.ts';
import { FlagParams } from './flags.ts';

const path = '/flags/environments/{environment}';

const days = (usual: number) => z.coerce.number().int().min(1).max(3_650).default(usual);
const LifecycleQuery = pageQuery.extend({
  finding: Finding.optional().describe('Only flags with this finding'),
  staleDays: days(60).describe('Unchanged for so many days: stale'),
  unusedDays: days(30).describe('Not used for so many days: unused'),
  killedDays: days(7).describe('Held by a kill switch for so many days: for long'),
});

export const experimentRoutes: Route[] = [
  route({
    method: 'POST',
    path: `${path}/exposures`,
    summary: 'Report who saw which variant of flags',
    description:
      'A batch that is sent again under the same id counts once. Users are kept as salted hashes only.',
    needs: needs('report_flag_use'),
    routine: true,
    params: EnvironmentParams,
    body: ExposureBatch,
    responses: { 202: AcceptedBatch },
    async handler({ params: { environment }, body }) {
      const facts = await countedFlags(environment);
      return { status: 202, body: await acceptExposures(environment, body, facts) };
    },
  }),
  route({
    method: 'POST',
    path: `${path}/tracks`,
    summary: 'Report what users did: it counts for the experiments that they saw before',
    description: 'A batch that is sent again under the same id counts once, and each user once for a metric.',
    needs: needs('report_flag_use'),
    routine: true,
    params: EnvironmentParams,
    body: TrackBatch,
    responses: { 202: AcceptedBatch },
    async handler({ params: { environment }, body }) {
      const facts = await countedFlags(environment);
      return { status: 202, body: await acceptTracks(environment, body, facts) };
    },
  }),
  route({
    method: 'POST',
    path: `${path}/assignments`,
    summary: 'Ask which variants users keep: those that they got first while the experiment runs',
    needs: needs('report_flag_use'),
    routine: true,
    params: EnvironmentParams,
    body: AssignmentAsk,
    responses: { 200: Assignments },
    async handler({ params: { environment }, body }) {
      const { facts } = await registeredFlags(environment);
      return { status: 200, body: await assign(environment, body, facts) };
    },
  }),
  route({
    method: 'POST',
    path: `${path}/flags/{flag}/experiment`,
    summary: 'Begin the next run of an experiment, without the users of the one before',
    needs: needs('change_flags'),
    params: FlagParams,
    body: NewRun,
    responses: { 201: Run },
    handler: async ({ params: { environment, flag }, body, caller }) => ({
      status: 201,
      body: await beginRun(environment, flag, body, caller.subject),
    }),
  }),
  route({
    method: 'GET',
    path: `${path}/flags/{flag}/analytics`,
    summary: 'Show how often each variant was given, to how many users, and what they did',
    needs: needs('view_flags'),
    params: FlagParams,
    query: Window,
    responses: { 200: FlagAnalytics },
    handler: async ({ params: { environment, flag }, query }) => ({
      status: 200,
      body: await readAnalytics(environment, flag, query),
    }),
  }),
  route({
    method: 'GET',
    path: `${path}/lifecycle`,
    summary: 'List where flags are in their life, and which could go',
    needs: needs('view_flags'),
    params: EnvironmentParams,
    query: LifecycleQuery,
    responses: { 200: FlagLifecyclePage },
    async handler({ params, query: { limit, cursor, finding, ...limits } }) {
      const after = cursor === undefined ? undefined : decodeCursor(z.string(), cursor);
      const wanted = (await readLifecycle(params.environment, limits))
        .filter(({ findings }) => finding === undefined || findings.some((one) => one.finding === finding))
        .filter(({ flag }) => after === undefined || flag > after);
      const items = wanted.slice(0, limit);
      return { status: 200, body: pageBody(items, wanted.length > limit ? items.at(-1)?.flag : undefined) };
    },
  }),
  route({
    method: 'POST',
    path: `${path}/references`,
    summary: 'Report where a repository names flags, in place of what it reported before',
    needs: needs('report_flag_use'),
    params: EnvironmentParams,
    body: FlagReferences,
    responses: { 204: z.undefined() },
    async handler({ params: { environment }, body, caller }) {
      await registeredFlags(environment);
      await keepReferences(environment, body, caller.subject);
      return { status: 204, body: undefined };
    },
  }),
];
