import { z } from 'zod';
import { NotFound } from '#platform/errors.ts';
import { decodeCursor, encodeCursor, pageBody, pageOf, pageQuery } from '#platform/page.ts';
import { placeSchema } from '#platform/records.ts';
import { type Route, route } from '#platform/route.ts';
import { needs } from '../access.ts';
import { ConsumerId } from '../consumers/schemas.ts';
import { readConsumer } from '../consumers/store.ts';
import { decide, plainActions } from '../deprecations/decisions.ts';
import { listDeprecations, readDeprecation } from '../deprecations/deprecation-store.ts';
import { readDeprecationEvents } from '../deprecations/events.ts';
import { readFeed } from '../deprecations/notices/feed.ts';
import { Feed } from '../deprecations/notices/feed-schema.ts';
import { consumerSecret } from '../deprecations/notices/secret.ts';
import { Policy, PolicyName } from '../deprecations/policies.ts';
import { forgetPolicy, listPolicies, readPolicy, setPolicy } from '../deprecations/policy-store.ts';
import {
  ConsentBody,
  Deprecation,
  DeprecationEventPage,
  DeprecationPage,
  DeprecationParams,
  DeprecationQuery,
  ExtendBody,
  NewDeprecation,
  ReasonBody,
} from '../deprecations/schemas.ts';
import { startDeprecation } from '../deprecations/starting.ts';
import { viewOf } from '../deprecations/view.ts';
import { readApi } from '../registry/apis.ts';
import { ApiName } from '../schemas.ts';
import { ApiParams } from './apis.ts';

/** Throws NotFound for a deprecation of another API: ids are not to be guessed by way of one. */
async function ofApi({ api, id }: z.infer<typeof DeprecationParams>) {
  const record = await readDeprecation(id);
  if (record.api === api) return record;
  throw new NotFound(`${api} has no deprecation ${id}`, {
    evidence: { api, id },
    action: `List them with: theseus api deprecation list ${api}`,
  });
}

const summaries: Record<(typeof plainActions)[number], string> = {
  pause: 'Let nothing go on, and nothing be switched off',
  resume: 'Go on; what was to come comes later by the time of the pause',
  cancel: 'Give a deprecation up: the version is as it was before',
  restore: 'Serve a removed version again, as long as that is possible',
  'skip-brownout': 'Leave the next brownout out, or end the one that lasts',
};

const plainRoutes = plainActions.map((action) =>
  route({
    method: 'POST',
    path: `/apis/{api}/deprecations/{id}/${action}`,
    summary: summaries[action],
    needs: needs('deprecate_api'),
    params: DeprecationParams,
    body: ReasonBody,
    responses: { 200: Deprecation },
    async handler({ params, body, caller }) {
      await ofApi(params);
      return {
        status: 200,
        body: viewOf(await decide(params.id, { action, reason: body.reason }, caller.subject)),
      };
    },
  }),
);

const NamedPolicyView = z
  .strictObject({ name: z.string(), policy: Policy, builtIn: z.boolean() })
  .meta({ id: 'NamedDeprecationPolicy' });
const PolicyParams = z.strictObject({ api: ApiName, policy: PolicyName });

const policyRoutes = [
  route({
    method: 'GET',
    path: '/apis/{api}/policies',
    summary: 'List the policies of deprecation that an API may name',
    needs: needs('view_apis'),
    params: ApiParams,
    responses: { 200: pageOf(NamedPolicyView).meta({ id: 'DeprecationPolicyPage' }) },
    async handler({ params }) {
      await readApi(params.api);
      return { status: 200, body: pageBody(await listPolicies(params.api), undefined) };
    },
  }),
  route({
    method: 'PUT',
    path: '/apis/{api}/policies/{policy}',
    summary: 'Set a policy of an API; deprecations that run keep theirs',
    needs: needs('deprecate_api'),
    params: PolicyParams,
    body: Policy,
    responses: { 200: NamedPolicyView },
    async handler({ params, body }) {
      await readApi(params.api);
      await setPolicy(params.api, params.policy, body);
      return { status: 200, body: { name: params.policy, policy: body, builtIn: false } };
    },
  }),
  route({
    method: 'DELETE',
    path: '/apis/{api}/policies/{policy}',
    summary: 'Forget a policy of an API: of a built-in name the built-in one counts again',
    needs: needs('deprecate_api'),
    params: PolicyParams,
    responses: { 204: z.undefined() },
    async handler({ params }) {
      await readPolicy(params.api, params.policy);
      await forgetPolicy(params.api, params.policy);
      return { status: 204, body: undefined };
    },
  }),
];

const allQuery = DeprecationQuery.extend({ api: ApiName.optional() });

async function listed({ cursor, status, limit, api }: z.infer<typeof allQuery>) {
  const from = cursor === undefined ? undefined : decodeCursor(placeSchema, cursor);
  const { items, next } = await listDeprecations({ api, limit, from });
  const wanted = items.filter((record) => status === undefined || record.status === status);
  return pageBody(wanted.map(viewOf), next);
}

export const deprecationRoutes: Route[] = [
  route({
    method: 'GET',
    path: '/apis/deprecations',
    summary: 'List deprecations of all APIs, newest first',
    description: 'A page may be short, or empty, and not the last: `nextCursor` says.',
    needs: needs('view_apis'),
    query: allQuery,
    responses: { 200: DeprecationPage },
    handler: async ({ query }) => ({ status: 200, body: await listed(query) }),
  }),
  route({
    method: 'GET',
    path: '/apis/feed',
    summary: 'Read what consumers were told, as a JSON Feed, newest first',
    needs: needs('view_apis'),
    query: pageQuery.extend({ api: ApiName.optional(), consumer: ConsumerId.optional() }),
    responses: { 200: Feed },
    async handler({ query }) {
      const { cursor, limit, ...filter } = query;
      const from = cursor === undefined ? undefined : decodeCursor(placeSchema, cursor);
      const { items, next } = await readFeed({ ...filter, limit, from });
      const kept = Object.entries(filter).filter((entry) => entry[1] !== undefined) as [string, string][]; // filtered above
      const path = (more: [string, string][]) => {
        const search = new URLSearchParams([...kept, ...more]).toString();
        return `/apis/feed${search === '' ? '' : `?${search}`}`;
      };
      return {
        status: 200,
        body: {
          version: 'https://jsonfeed.org/version/1.1' as const,
          title: 'What goes away',
          feed_url: path([]),
          ...(next === undefined
            ? {}
            : {
                next_url: path([
                  ['limit', String(limit)],
                  ['cursor', encodeCursor(next)],
                ]),
              }),
          items,
        },
      };
    },
  }),
  route({
    method: 'POST',
    path: '/apis/consumers/{consumer}/webhook-secret',
    summary: 'Show the secret that a consumer knows messages of this platform by',
    needs: needs('register_api'),
    answersSecret: true,
    params: z.strictObject({ consumer: ConsumerId }),
    responses: { 200: z.strictObject({ secret: z.string() }) },
    async handler({ params }) {
      await readConsumer(params.consumer);
      return { status: 200, body: { secret: await consumerSecret(params.consumer) } };
    },
  }),
  route({
    method: 'POST',
    path: '/apis/{api}/deprecations',
    summary: 'Deprecate a version of an API, or parts of it',
    description:
      'It goes on by itself: consumers are told and reminded, brownouts rehearse the removal, and at its end the version answers 410.',
    needs: needs('deprecate_api'),
    params: ApiParams,
    body: NewDeprecation,
    responses: { 201: Deprecation },
    async handler({ params, body, ...tools }) {
      const record = await startDeprecation(params.api, body, tools);
      const location = `/apis/${record.api}/deprecations/${record.id}`;
      return { status: 201, body: viewOf(record), headers: { location } };
    },
  }),
  route({
    method: 'GET',
    path: '/apis/{api}/deprecations',
    summary: 'List deprecations of an API, newest first',
    needs: needs('view_apis'),
    params: ApiParams,
    query: DeprecationQuery,
    responses: { 200: DeprecationPage },
    async handler({ params, query }) {
      await readApi(params.api);
      return { status: 200, body: await listed({ ...query, api: params.api }) };
    },
  }),
  route({
    method: 'GET',
    path: '/apis/{api}/deprecations/{id}',
    summary: 'Show a deprecation: calendar, consumers, what can be done',
    needs: needs('view_apis'),
    params: DeprecationParams,
    responses: { 200: Deprecation },
    handler: async ({ params }) => ({ status: 200, body: viewOf(await ofApi(params)) }),
  }),
  route({
    method: 'GET',
    path: '/apis/{api}/deprecations/{id}/events',
    summary: 'List what happened in a deprecation and who did it, oldest first',
    needs: needs('view_apis'),
    params: DeprecationParams,
    query: pageQuery,
    responses: { 200: DeprecationEventPage },
    async handler({ params, query }) {
      const after = query.cursor === undefined ? -1 : decodeCursor(z.int(), query.cursor);
      const { items, next } = await readDeprecationEvents(await ofApi(params), query.limit, after);
      return { status: 200, body: pageBody(items, next) };
    },
  }),
  route({
    method: 'POST',
    path: '/apis/{api}/deprecations/{id}/extend',
    summary: 'Put the removal off, as often and by as much as the policy allows',
    needs: needs('deprecate_api'),
    params: DeprecationParams,
    body: ExtendBody,
    responses: { 200: Deprecation },
    async handler({ params, body, caller }) {
      await ofApi(params);
      const record = await decide(params.id, { action: 'extend', ...body }, caller.subject);
      return { status: 200, body: viewOf(record) };
    },
  }),
  ...(['exempt', 'consent'] as const).map((action) =>
    route({
      method: 'POST',
      path: `/apis/{api}/deprecations/{id}/${action}`,
      summary:
        action === 'exempt'
          ? 'Let a consumer pass in brownouts'
          : 'Say that a consumer is ready: it has moved, or can do without',
      needs: needs(action === 'exempt' ? 'deprecate_api' : 'consent_deprecation'),
      params: DeprecationParams,
      body: ConsentBody,
      responses: { 200: Deprecation },
      async handler({ params, body, caller }) {
        await ofApi(params);
        const { consumer, reason } = body;
        const record = await decide(params.id, { action, consumer, reason }, caller.subject);
        return { status: 200, body: viewOf(record) };
      },
    }),
  ),
  ...plainRoutes,
  ...policyRoutes,
];
