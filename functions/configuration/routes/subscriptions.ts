import { z } from 'zod';
import { ServiceName } from '#compatibility/contracts/shape.ts';
import { pageBody, pageOf } from '#platform/page.ts';
import { type Route, route } from '#platform/route.ts';
import { needs } from '../access.ts';
import { subscriberSecret } from '../updates/notices/secret.ts';
import {
  putSubscription,
  readSubscription,
  readSubscriptions,
  removeSubscription,
} from '../updates/notices/subscriptions.ts';
import { Subscription } from '../updates/schemas.ts';

const Params = z.strictObject({ service: ServiceName });
const NewSubscription = z.strictObject({
  url: z
    .url({ protocol: /^https?$/, error: 'Expected a URL such as https://orders.example/hooks' })
    .max(1_024),
});

export const subscriptionRoutes: Route[] = [
  route({
    method: 'GET',
    path: '/configuration/subscriptions',
    summary: 'List which services are told of changes, and where',
    needs: needs('view_configuration'),
    responses: { 200: pageOf(Subscription).meta({ id: 'ConfigurationSubscriptionPage' }) },
    handler: async () => ({ status: 200, body: pageBody(await readSubscriptions(), undefined) }),
  }),
  route({
    method: 'PUT',
    path: '/configuration/subscriptions/{service}',
    summary: 'Tell a service of changes that affect it, by a signed webhook',
    needs: needs('define_configuration'),
    params: Params,
    body: NewSubscription,
    responses: { 200: Subscription },
    async handler({ params, body, caller }) {
      return { status: 200, body: await putSubscription(params.service, body.url, caller.subject) };
    },
  }),
  route({
    method: 'DELETE',
    path: '/configuration/subscriptions/{service}',
    summary: 'Tell a service no longer',
    needs: needs('define_configuration'),
    params: Params,
    responses: { 204: z.undefined() },
    async handler({ params }) {
      await removeSubscription(params.service);
      return { status: 204, body: undefined };
    },
  }),
  route({
    method: 'POST',
    path: '/configuration/subscriptions/{service}/webhook-secret',
    summary: 'Read the secret that webhooks to a service are signed with',
    needs: needs('define_configuration'),
    params: Params,
    answersSecret: true,
    responses: { 200: z.strictObject({ secret: z.string() }).meta({ id: 'ConfigurationWebhookSecret' }) },
    async handler({ params }) {
      await readSubscription(params.service);
      return { status: 200, body: { secret: await subscriberSecret(params.service) } };
    },
  }),
];
