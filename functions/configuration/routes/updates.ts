import { z } from 'zod';
import { decodeCursor, encodeCursor, pageBody } from '#platform/page.ts';
import { placeSchema } from '#platform/records.ts';
import { type Route, route } from '#platform/route.ts';
import { needs } from '../access.ts';
import { decide } from '../updates/decisions.ts';
import { readUpdateEvents } from '../updates/events.ts';
import {
  ConfigurationUpdate,
  ConfigurationUpdatePage,
  DecisionBody,
  NewUpdate,
  UpdateEventPage,
  UpdateParams,
  UpdatePlan,
  UpdatesQuery,
} from '../updates/schemas.ts';
import { readSlots } from '../updates/slots.ts';
import { planOf, startUpdate } from '../updates/starting.ts';
import { listUpdates, readChanges, readUpdate } from '../updates/update-store.ts';
import { viewOf } from '../updates/view.ts';

const DryRun = z.strictObject({
  dryRun: z.stringbool().default(false).describe('Answer with the plan and store nothing'),
});

const eventsQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(100).default(50),
  after: z.coerce.number().int().min(-1).default(-1).describe('`sequence` of the last event that is known'),
});

const summaries = {
  approve: 'Let an update go on that waits for approval',
  cancel: 'Give an update up; what it wrote is taken back',
} as const;

const decisions = (['approve', 'cancel'] as const).map((action) =>
  route({
    method: 'POST',
    path: `/configuration/updates/{id}/${action}`,
    summary: summaries[action],
    needs: needs(action === 'approve' ? 'approve_configuration' : 'update_configuration'),
    params: UpdateParams,
    body: DecisionBody,
    responses: { 200: ConfigurationUpdate },
    async handler({ params, body, caller }) {
      const record = await decide(params.id, action, { subject: caller.subject, why: body.why });
      return { status: 200, body: viewOf(record, await readSlots()) };
    },
  }),
);

export const updateRoutes: Route[] = [
  route({
    method: 'POST',
    path: '/configuration/updates',
    summary: 'Change values together: all of them stay, or none',
    description:
      'A workflow takes its turn, checks the values, writes them, tells the services and watches how they do; where they do not do well, everything is as before. With `?dryRun=true` the answer is the plan.',
    needs: needs('update_configuration'),
    query: DryRun,
    body: NewUpdate,
    responses: { 200: UpdatePlan, 202: ConfigurationUpdate },
    async handler({ query, body, ...tools }) {
      if (query.dryRun) return { status: 200, body: await planOf(body, tools) };
      const record = await startUpdate(body, tools);
      return {
        status: 202,
        headers: { location: `/configuration/updates/${record.id}` },
        body: viewOf(record, await readSlots()),
      };
    },
  }),
  route({
    method: 'GET',
    path: '/configuration/updates',
    summary: 'List updates, newest first',
    description: 'A page may be short, or empty, and not the last: `nextCursor` says.',
    needs: needs('view_configuration'),
    query: UpdatesQuery,
    responses: { 200: ConfigurationUpdatePage },
    async handler({ query: { cursor, status, limit } }) {
      const from = cursor === undefined ? undefined : decodeCursor(placeSchema, cursor);
      const { items, next } = await listUpdates({ status, limit, from });
      const slots = await readSlots();
      return {
        status: 200,
        body: pageBody(
          items.map((record) => viewOf(record, slots)),
          next,
        ),
      };
    },
  }),
  route({
    method: 'GET',
    path: '/configuration/updates/{id}',
    summary: 'Show an update, with what it writes',
    needs: needs('view_configuration'),
    params: UpdateParams,
    responses: { 200: ConfigurationUpdate },
    async handler({ params }) {
      const record = await readUpdate(params.id);
      const [slots, contents] = await Promise.all([readSlots(), readChanges(params.id)]);
      return { status: 200, body: viewOf(record, slots, contents) };
    },
  }),
  route({
    method: 'GET',
    path: '/configuration/updates/{id}/events',
    summary: 'Read what happened to an update, oldest first',
    needs: needs('view_configuration'),
    params: UpdateParams,
    query: eventsQuery,
    responses: { 200: UpdateEventPage },
    async handler({ params, query }) {
      const record = await readUpdate(params.id);
      const { items, next } = await readUpdateEvents(record, query.limit, query.after);
      return {
        status: 200,
        body: next === undefined ? { items } : { items, nextCursor: encodeCursor(next) },
      };
    },
  }),
  ...decisions,
];
