import { createHash } from 'node:crypto';
import { z } from 'zod';
import { newId } from '#platform/ids.ts';
import { decodeCursor, pageBody, pageQuery } from '#platform/page.ts';
import { placeSchema } from '#platform/records.ts';
import { type RequestTools, type Route, route } from '#platform/route.ts';
import { type Action, needs } from '../access/actions.ts';
import { assertAllowedOnAll } from '../access/control.ts';
import { countBrokenGlass } from '../access/glass.ts';
import { planFleet } from '../fleet/create.ts';
import * as decisions from '../fleet/decisions.ts';
import { readFleetEvents } from '../fleet/events.ts';
import type { FleetRecord } from '../fleet/records.ts';
import { markdownOf } from '../fleet/report.ts';
import {
  ApproveFleet,
  ExcludeTargets,
  Fleet,
  FleetId,
  FleetPage,
  FleetReason,
  FleetReport,
  NewFleet,
  StartFleet,
  TargetPage,
  TargetQuery,
  UndoFleet,
} from '../fleet/schemas.ts';
import { listFleets, readFleet } from '../fleet/store.ts';
import { fleetListItem, readFleetView, readTargetViews } from '../fleet/view.ts';
import { MigrationEventPage } from '../schemas.ts';

const Params = z.strictObject({ id: FleetId });

/** The same Idempotency-Key gives the same id, so that a run which takes over finishes the first one's work. */
function idOf({ caller, idempotencyKey }: RequestTools): string {
  if (idempotencyKey === undefined) return newId('flt');
  const hash = createHash('sha256').update(`${caller.subject.length}:${caller.subject}${idempotencyKey}`);
  return `flt_${hash.digest('hex').slice(0, 20)}`;
}

/** A verb that a person asks of a fleet; the answer is the fleet after it. */
function action<B extends z.ZodType>(
  verb: string,
  what: Action,
  summary: string,
  body: B,
  act: (id: string, body: z.output<B>, subject: string) => Promise<FleetRecord>,
): Route {
  return route({
    method: 'POST',
    path: `/migration-fleets/{id}/${verb}`,
    summary,
    needs: needs(what, 'fleet'),
    params: Params,
    body,
    responses: { 200: Fleet },
    handler: async (request) => {
      // B is always a schema here, so what was parsed is its output; the conditional type cannot see that.
      const asked = request.body as z.output<B>;
      const record = await act(request.params.id, asked, request.caller.subject);
      countBrokenGlass(asked, request.metrics);
      return { status: 200, body: await readFleetView(record) };
    },
  });
}

export const fleetRoutes: Route[] = [
  route({
    method: 'POST',
    path: '/migration-fleets',
    summary: 'Plan one migration for many databases and schemas; changes nothing in them',
    description: 'Targets are resolved now and stay as they are; the first of them is planned as a sample.',
    needs: needs('plan', 'each database'),
    body: NewFleet,
    responses: { 201: Fleet },
    async handler({ body, ...tools }) {
      const fleet = await planFleet(idOf(tools), body, {
        by: tools.caller.subject,
        requestId: tools.requestId,
        permit: (databases) => assertAllowedOnAll(tools.caller, 'plan', databases),
      });
      return {
        status: 201,
        body: await readFleetView(fleet),
        headers: { location: `/migration-fleets/${fleet.id}` },
      };
    },
  }),
  route({
    method: 'GET',
    path: '/migration-fleets',
    summary: 'List fleets, newest first',
    needs: needs('view_progress', 'each database'),
    query: pageQuery,
    responses: { 200: FleetPage },
    async handler({ query }) {
      const from = query.cursor === undefined ? undefined : decodeCursor(placeSchema, query.cursor);
      const { items, next } = await listFleets(query.limit, from);
      return { status: 200, body: pageBody(items.map(fleetListItem), next) };
    },
  }),
  route({
    method: 'GET',
    path: '/migration-fleets/{id}',
    summary: 'Show a fleet: its waves, counts, failures by cause, and what can be done next',
    needs: needs('view_progress', 'fleet'),
    params: Params,
    responses: { 200: Fleet },
    handler: async ({ params }) => ({ status: 200, body: await readFleetView(await readFleet(params.id)) }),
  }),
  route({
    method: 'GET',
    path: '/migration-fleets/{id}/targets',
    summary: 'List the targets of a fleet and where each stands',
    needs: needs('view_progress', 'fleet'),
    params: Params,
    query: TargetQuery,
    responses: { 200: TargetPage },
    async handler({ params, query }) {
      const from = query.cursor === undefined ? 0 : decodeCursor(z.int().min(0), query.cursor);
      const { status, limit } = query;
      const { items, next } = await readTargetViews(await readFleet(params.id), { status, limit, from });
      return { status: 200, body: pageBody(items, next) };
    },
  }),
  route({
    method: 'GET',
    path: '/migration-fleets/{id}/report',
    summary: 'The report of a fleet as Markdown',
    needs: needs('view_progress', 'fleet'),
    params: Params,
    responses: { 200: FleetReport },
    handler: async ({ params }) => ({
      status: 200,
      body: { markdown: markdownOf(await readFleetView(await readFleet(params.id))) },
    }),
  }),
  route({
    method: 'GET',
    path: '/migration-fleets/{id}/events',
    summary: 'List what happened to a fleet and who did it, oldest first',
    needs: needs('view_progress', 'fleet'),
    params: Params,
    query: pageQuery,
    responses: { 200: MigrationEventPage },
    async handler({ params, query }) {
      const after = query.cursor === undefined ? -1 : decodeCursor(z.int(), query.cursor);
      const { items, next } = await readFleetEvents(await readFleet(params.id), query.limit, after);
      return { status: 200, body: pageBody(items, next) };
    },
  }),
  action('start', 'start', 'Begin the first wave', StartFleet, (id, body, subject) =>
    decisions.startFleet(id, { subject, comment: body.comment }, body),
  ),
  action('approve', 'approve', 'Approve the plan for every target', ApproveFleet, (id, body, subject) =>
    decisions.approveFleet(id, { subject, comment: body.comment }, body.planHash),
  ),
  action('pause', 'pause', 'Stop before the next target', FleetReason, (id, body, subject) =>
    decisions.pauseFleet(id, { subject, comment: body.comment }),
  ),
  action(
    'resume',
    'write_target',
    'Go on after a pause, a halt, or before the bake time is over',
    FleetReason,
    (id, body, subject) => decisions.resumeFleet(id, { subject, comment: body.comment }),
  ),
  action(
    'cancel',
    'execute_rollback',
    'Begin no more targets; what is done stays',
    FleetReason,
    (id, body, subject) => decisions.cancelFleet(id, { subject, comment: body.comment }),
  ),
  action('redrive', 'write_target', 'Try the failed targets again', FleetReason, (id, body, subject) =>
    decisions.redriveFleet(id, { subject, comment: body.comment }),
  ),
  action(
    'exclude',
    'write_target',
    'Leave targets out that are not done',
    ExcludeTargets,
    (id, body, subject) => decisions.excludeTargets(id, { subject }, body),
  ),
  action('undo', 'execute_rollback', 'Take back every target that is done', UndoFleet, (id, body, subject) =>
    decisions.undoFleet(
      id,
      { subject, comment: body.comment },
      { acceptLosses: body.acceptLosses, strategy: body.strategy ?? 'revert' },
    ),
  ),
];
