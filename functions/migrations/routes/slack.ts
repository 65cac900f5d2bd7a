import { z } from 'zod';
import type { OpenRoute } from '#platform/open-route.ts';
import { type Route, route } from '#platform/route.ts';
import { needs } from '../access/actions.ts';
import { handleInteraction } from '../slack/interactions.ts';
import {
  ConnectSlack,
  SlackApp,
  SlackUser,
  SlackUserAs,
  SlackUserList,
  TeamId,
  UserId,
} from '../slack/schemas.ts';
import {
  connectSlack,
  disconnectSlack,
  forgetSlackUser,
  listSlackUsers,
  readSlackApp,
  setSlackUser,
} from '../slack/store.ts';

const Params = z.strictObject({ team: TeamId, user: UserId });

export const slackRoutes: Route[] = [
  route({
    method: 'PUT',
    path: '/slack/app',
    summary: 'Connect a Slack app by its signing secret, in place of a former one',
    needs: needs('configure', 'platform'),
    body: ConnectSlack,
    responses: { 200: SlackApp },
    handler: async ({ body, caller }) => ({
      status: 200,
      body: await connectSlack(body.signingSecret, caller.subject),
    }),
  }),
  route({
    method: 'GET',
    path: '/slack/app',
    summary: 'Show since when a Slack app is connected',
    needs: needs('view_progress', 'platform'),
    responses: { 200: SlackApp },
    handler: async () => ({ status: 200, body: await readSlackApp() }),
  }),
  route({
    method: 'DELETE',
    path: '/slack/app',
    summary: 'Disconnect the Slack app: its buttons are refused from now on',
    needs: needs('configure', 'platform'),
    responses: { 204: z.undefined() },
    async handler() {
      await readSlackApp();
      await disconnectSlack();
      return { status: 204, body: undefined };
    },
  }),
  route({
    method: 'GET',
    path: '/slack/users',
    summary: 'List whom the members of Slack workspaces stand for',
    needs: needs('manage_permissions', 'platform'),
    responses: { 200: SlackUserList },
    handler: async () => ({ status: 200, body: { items: await listSlackUsers() } }),
  }),
  route({
    method: 'PUT',
    path: '/slack/users/{team}/{user}',
    summary: 'Say whom a member of a Slack workspace stands for: subject and groups, as a token would',
    needs: needs('manage_permissions', 'platform'),
    params: Params,
    body: SlackUserAs,
    responses: { 200: SlackUser },
    handler: async ({ params, body, caller }) => ({
      status: 200,
      body: await setSlackUser({ ...params, ...body, createdBy: caller.subject }),
    }),
  }),
  route({
    method: 'DELETE',
    path: '/slack/users/{team}/{user}',
    summary: 'A member of a Slack workspace stands for nobody any more',
    needs: needs('manage_permissions', 'platform'),
    params: Params,
    responses: { 204: z.undefined() },
    async handler({ params }) {
      await forgetSlackUser(params.team, params.user);
      return { status: 204, body: undefined };
    },
  }),
];

export const slackOpenRoutes: OpenRoute[] = [
  {
    method: 'POST',
    path: '/slack/interactions',
    summary: 'For Slack: a button was pressed',
    description:
      "Needs no token but Slack's own signature (X-Slack-Signature), not older than five minutes and not seen before. What the button asks for is checked as if the person had sent it.",
    contentType: 'application/x-www-form-urlencoded',
    handler: handleInteraction,
  },
];
