import { z } from 'zod';
import { decodeCursor, encodeCursor, pageBody } from '#platform/page.ts';
import { placeSchema } from '#platform/records.ts';
import { type Route, route } from '#platform/route.ts';
import { needs } from '../access.ts';
import { decide } from '../rollouts/decisions.ts';
import { readRolloutEvents } from '../rollouts/events.ts';
import { listRollouts, readRollout } from '../rollouts/rollout-store.ts';
import {
  FlagRollout,
  FlagRolloutPage,
  NewRollout,
  RolloutDecision,
  RolloutEventPage,
  RolloutParams,
  RolloutsQuery,
} from '../rollouts/schemas.ts';
import { startRollout } from '../rollouts/starting.ts';
import { viewOf } from '../rollouts/view.ts';
import { FlagParams } from './flags.ts';

const path = '/flags/rollouts';

const summaries = {
  pause: 'Let a rollout stay at its percentage',
  resume: 'Let a paused rollout go on: its step has its time once more',
  promote: 'Take the next step of a rollout now; after the last one it is done',
  rollback: 'Set the flag as it was before the rollout',
} as const;

const decisions = (['pause', 'resume', 'promote', 'rollback'] as const).map((action) =>
  route({
    method: 'POST',
    path: `${path}/{id}/${action}`,
    summary: summaries[action],
    needs: needs('change_flags'),
    params: RolloutParams,
    body: RolloutDecision,
    responses: { 200: FlagRollout },
    handler: async ({ params, body, caller }) => ({
      status: 200,
      body: viewOf(await decide(params.id, action, { ...body, by: caller.subject })),
    }),
  }),
);

export const rolloutRoutes: Route[] = [
  route({
    method: 'POST',
    path: '/flags/environments/{environment}/flags/{flag}/rollouts',
    summary: 'Give a variant of a flag to ever more people, and back where it does harm',
    description:
      'A workflow sets one percentage after the other, waits until all readers have it and its time is over, and judges who had it by what they did. Somebody else’s change of the flag, or its kill switch, ends it and stays.',
    needs: needs('change_flags'),
    params: FlagParams,
    body: NewRollout,
    responses: { 202: FlagRollout },
    async handler({ params: { environment, flag }, body, ...tools }) {
      const record = await startRollout(environment, flag, body, tools);
      return { status: 202, headers: { location: `${path}/${record.id}` }, body: viewOf(record) };
    },
  }),
  route({
    method: 'GET',
    path,
    summary: 'List rollouts, newest first',
    description: 'A page may be short, or empty, and not the last: `nextCursor` says.',
    needs: needs('view_flags'),
    query: RolloutsQuery,
    responses: { 200: FlagRolloutPage },
    async handler({ query: { cursor, limit, ...wanted } }) {
      const from = cursor === undefined ? undefined : decodeCursor(placeSchema, cursor);
      const { items, next } = await listRollouts(wanted, limit, from);
      return { status: 200, body: pageBody(items.map(viewOf), next) };
    },
  }),
  route({
    method: 'GET',
    path: `${path}/{id}`,
    summary: 'Show a rollout: how far it is, and what it was judged by',
    needs: needs('view_flags'),
    params: RolloutParams,
    responses: { 200: FlagRollout },
    handler: async ({ params }) => ({ status: 200, body: viewOf(await readRollout(params.id)) }),
  }),
  route({
    method: 'GET',
    path: `${path}/{id}/events`,
    summary: 'Read what happened to a rollout, oldest first',
    needs: needs('view_flags'),
    params: RolloutParams,
    query: z.strictObject({
      limit: z.coerce.number().int().min(1).max(100).default(50),
      after: z.coerce
        .number()
        .int()
        .min(-1)
        .default(-1)
        .describe('`sequence` of the last event that is known'),
    }),
    responses: { 200: RolloutEventPage },
    async handler({ params, query }) {
      const record = await readRollout(params.id);
      const { items, next } = await readRolloutEvents(record, query.limit, query.after);
      return {
        status: 200,
        body: next === undefined ? { items } : { items, nextCursor: encodeCursor(next) },
      };
    },
  }),
  ...decisions,
];
