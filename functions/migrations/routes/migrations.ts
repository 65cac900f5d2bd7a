import { createHash } from 'node:crypto';
import { z } from 'zod';
import { writeArtifact } from '#platform/artifacts.ts';
import { clock } from '#platform/clock.ts';
import { Conflict, NotFound, TheseusError } from '#platform/errors.ts';
import { newId } from '#platform/ids.ts';
import { decodeCursor, pageBody, pageQuery } from '#platform/page.ts';
import { placeSchema } from '#platform/records.ts';
import { type RequestTools, type Route, route } from '#platform/route.ts';
import { type Action, needs } from '../access/actions.ts';
import { assertAllowedOnAll, databaseIn, visibleOf } from '../access/control.ts';
import { countBrokenGlass } from '../access/glass.ts';
import { artifactKeys, readPlan } from '../artifacts.ts';
import { parseBlueGreenFile } from '../blue-green/file.ts';
import { targetOf } from '../blue-green/planning.ts';
import { parseDataFile } from '../data/file.ts';
import { ejectScript, planMigration, planOnly } from '../databases/connector-calls.ts';
import { findDatabase } from '../databases/databases.ts';
import * as decisions from '../decisions/decisions.ts';
import { approvalsDemanded } from '../decisions/policy.ts';
import { Decision, Reason, RollBackMigration, StartMigration, UndoMigration } from '../decisions/schemas.ts';
import { readEvents } from '../events.ts';
import { isDataFile, parseMigrationFile, readFileText } from '../file/parse.ts';
import { listMigrations } from '../list.ts';
import { createMigration, forgetMigration, readMigration } from '../migration-store.ts';
import { forecastOf, PlanWithForecast } from '../plan/forecast.ts';
import { readMeasuredPace } from '../planning/measured-pace.ts';
import { summaryOf } from '../planning/plan-summary.ts';
import { type DatabaseRecord, type MigrationRecord, newRecord } from '../records.ts';
import {
  DryRunAnswer,
  EjectedScript,
  EjectQuery,
  Migration,
  MigrationEventPage,
  MigrationId,
  type MigrationKind,
  MigrationPage,
  MigrationQuery,
  NewMigration,
} from '../schemas.ts';
import { listItemOf, readView } from '../view.ts';

const Params = z.strictObject({ id: MigrationId });

/** The same Idempotency-Key gives the same id, so that a run which takes over finishes the first one's work. */
function idOf({ caller, idempotencyKey }: RequestTools): string {
  if (idempotencyKey === undefined) return newId('mig');
  const hash = createHash('sha256').update(`${caller.subject.length}:${caller.subject}${idempotencyKey}`);
  return `mig_${hash.digest('hex').slice(0, 20)}`;
}

/** With what was measured of the database up to now. */
async function planWithForecast(record: MigrationRecord): Promise<PlanWithForecast> {
  const [plan, measured] = await Promise.all([readPlan(record), readMeasuredPace(record.databaseId)]);
  const { concurrency, validationLevel, backUpRows } = record.options;
  const approvals = approvalsDemanded(record);
  const facts = { measured, concurrency, validationLevel, approvals, backUpRows };
  return { ...plan, forecast: forecastOf(plan, facts) };
}

/**
 * What a file says of itself before it is planned. One that reads or writes another database is only for who may look
 * into that, or write there, too. Throws MigrationFileInvalid, InvalidInput, NotFound, Forbidden.
 */
async function identityOf(
  { file, fileName }: Pick<z.infer<typeof NewMigration>, 'file' | 'fileName'>,
  database: DatabaseRecord,
  { caller }: RequestTools,
): Promise<{ name: string; kind: MigrationKind; target?: { id: string; name: string } }> {
  const move = parseBlueGreenFile(file, fileName);
  if (move !== undefined) {
    const target = await targetOf(move, database);
    await assertAllowedOnAll(caller, 'write_target', [target]);
    return { name: move.name, kind: 'schema', target: { id: target.id, name: target.name } };
  }
  if (!isDataFile(readFileText(file)))
    return { name: parseMigrationFile(file, { fileName }).name, kind: 'schema' };
  const { name, from } = parseDataFile(file, { fileName });
  if (from.database !== undefined) {
    await assertAllowedOnAll(caller, 'read_source', [await findDatabase(from.database)]);
  }
  return { name, kind: 'data' };
}

/** Nobody serves clients from there any more: what is changed there would be seen by none. */
function refuseMoved({ name, servedBy }: DatabaseRecord): void {
  if (servedBy === null) return;
  throw new Conflict(`Clients of ${name} are served by ${servedBy.name}`, {
    evidence: { database: name, servedBy: servedBy.name },
    action: `Plan it for database ${servedBy.name}.`,
  });
}

/** Plans only. What cannot be planned is refused with its reason and not kept. */
async function plan(body: z.infer<typeof NewMigration>, tools: RequestTools) {
  const database = await findDatabase(body.database);
  refuseMoved(database);
  const { name, kind, target } = await identityOf(body, database, tools);
  const id = idOf(tools);
  const fileKey = artifactKeys.file(id);
  await writeArtifact(fileKey, body.file, 'text/plain; charset=utf-8');
  const asked = {
    id,
    kind,
    name,
    database,
    body,
    fileKey,
    by: tools.caller.subject,
    at: clock.iso(),
    target,
  };
  await createMigration(newRecord(asked));
  let decided: 'decided' | 'late';
  try {
    decided = await planMigration(id, database, tools.requestId);
  } catch (error) {
    if (error instanceof TheseusError) await forgetMigration(await readMigration(id));
    throw error;
  }
  const headers = { location: `/migrations/${id}` };
  const view = await readView(await readMigration(id));
  return decided === 'decided'
    ? ({ status: 201, body: view, headers } as const)
    : ({ status: 202, body: view, headers } as const);
}

/** A plan that is stored nowhere: not in the database, and not by the platform. */
async function dryRun(body: z.infer<typeof NewMigration>, tools: RequestTools) {
  const database = await findDatabase(body.database);
  const { file, fileName, options } = body;
  await identityOf(body, database, tools);
  const asked = { databaseId: database.id, schema: body.schema ?? database.schema, file, fileName, options };
  const { hash, plan, findings } = await planOnly(asked, database, tools.requestId);
  const measured = await readMeasuredPace(database.id);
  const approvals = approvalsDemanded({ plan: summaryOf(plan, hash, findings), options });
  const { concurrency, validationLevel, backUpRows } = options;
  const forecast = forecastOf(plan, { measured, concurrency, validationLevel, approvals, backUpRows });
  return { status: 200, body: { hash, findings, plan, forecast } } as const;
}

/** A verb that a person asks of a migration; the answer is the migration after it. */
function action<B extends z.ZodType>(
  verb: string,
  what: Action,
  summary: string,
  body: B,
  act: (id: string, body: z.output<B>, subject: string) => Promise<MigrationRecord>,
): Route {
  return route({
    method: 'POST',
    path: `/migrations/{id}/${verb}`,
    summary,
    needs: needs(what, 'migration'),
    params: Params,
    body,
    responses: { 200: Migration },
    handler: async (request) => {
      const record = await act(
        request.params.id,
        // B is always a schema here, so what was parsed is its output; the conditional type cannot see that.
        request.body as z.output<B>,
        request.caller.subject,
      );
      countBrokenGlass(request.body, request.metrics);
      return { status: 200, body: await readView(record) };
    },
  });
}

export const migrationRoutes: Route[] = [
  route({
    method: 'POST',
    path: '/migrations',
    summary: 'Plan a migration; changes nothing in the database',
    description:
      'With dryRun nothing is stored either, not even the answer for an Idempotency-Key. 202 when planning takes longer than about 20 s: the plan is found under the location given.',
    needs: needs('plan', 'database in the body'),
    body: NewMigration,
    query: z.strictObject({ dryRun: z.enum(['true', 'false']).default('false') }),
    responses: { 200: DryRunAnswer, 201: Migration, 202: Migration },
    handler: ({ body, query, ...tools }) =>
      query.dryRun === 'true' ? dryRun(body, tools) : plan(body, tools),
  }),
  route({
    method: 'GET',
    path: '/migrations',
    summary: 'List migrations, newest first',
    needs: needs('view_progress', 'each database'),
    query: MigrationQuery,
    responses: { 200: MigrationPage },
    async handler({ query, caller }) {
      const { cursor, ...filter } = query;
      const database = filter.database === undefined ? undefined : (await findDatabase(filter.database)).id;
      const from = cursor === undefined ? undefined : decodeCursor(placeSchema, cursor);
      const { items, next } = await listMigrations({ ...filter, database }, from);
      const seen = await visibleOf(caller, items, databaseIn);
      return { status: 200, body: pageBody(seen.map(listItemOf), next) };
    },
  }),
  route({
    method: 'GET',
    path: '/migrations/{id}',
    summary: 'Show a migration: phase, progress, locks, what can be done next',
    needs: needs('view_progress', 'migration'),
    params: Params,
    responses: { 200: Migration },
    handler: async ({ params }) => ({ status: 200, body: await readView(await readMigration(params.id)) }),
  }),
  route({
    method: 'GET',
    path: '/migrations/{id}/plan',
    summary: 'Show the whole plan, statement by statement, and a forecast of what it will cost and hold up',
    needs: needs('view_progress', 'migration'),
    params: Params,
    responses: { 200: PlanWithForecast },
    async handler({ params }) {
      const record = await readMigration(params.id);
      if (record.planKey !== null) return { status: 200, body: await planWithForecast(record) };
      const why = { evidence: { status: record.status }, action: `See GET /migrations/${record.id}.` };
      if (record.status === 'planning') throw new Conflict('The plan is not there yet', why);
      throw new NotFound('This migration has no plan', why);
    },
  }),
  route({
    method: 'GET',
    path: '/migrations/{id}/events',
    summary: 'List what happened to a migration and who did it, oldest first',
    needs: needs('view_progress', 'migration'),
    params: Params,
    query: pageQuery,
    responses: { 200: MigrationEventPage },
    async handler({ params, query }) {
      const after = query.cursor === undefined ? -1 : decodeCursor(z.int(), query.cursor);
      const { items, next } = await readEvents(await readMigration(params.id), query.limit, after);
      return { status: 200, body: pageBody(items, next) };
    },
  }),
  route({
    method: 'GET',
    path: '/migrations/{id}/eject',
    summary: 'Write the rest of a migration as a psql script; changes nothing',
    description:
      'Made from what the database itself keeps. The script runs without the platform, and stops it.',
    needs: needs('read_source', 'migration'),
    params: Params,
    query: EjectQuery,
    responses: { 200: EjectedScript },
    handler: async ({ params, query, requestId }) => ({
      status: 200,
      body: await ejectScript(await readMigration(params.id), query.to, requestId),
    }),
  }),
  action('start', 'start', 'Run the plan', StartMigration, (id, body, subject) =>
    decisions.start(id, { subject, comment: body.comment }, body),
  ),
  action(
    'approve',
    'approve',
    'Approve the plan, or accept what cannot return',
    Decision,
    (id, body, subject) => decisions.decide(id, { subject, comment: body.comment }, 'approve', body),
  ),
  action(
    'reject',
    'approve',
    'Reject the plan, or keep the migration when something cannot return',
    Decision,
    (id, body, subject) => decisions.decide(id, { subject, comment: body.comment }, 'reject', body),
  ),
  action(
    'retry',
    'write_target',
    'Count again what refuses the old constraints, after rows were corrected',
    Reason,
    (id, body, subject) => decisions.retry(id, { subject, comment: body.comment }),
  ),
  action('pause', 'pause', 'Stop after the current chunk', Reason, (id, body, subject) =>
    decisions.pause(id, { subject, comment: body.comment }),
  ),
  action('resume', 'write_target', 'Go on where it was paused', Reason, (id, body, subject) =>
    decisions.resume(id, { subject, comment: body.comment }),
  ),
  action('complete', 'write_target', 'End the soak now', Reason, (id, body, subject) =>
    decisions.complete(id, { subject, comment: body.comment }),
  ),
  action('rollback', 'execute_rollback', 'Take back what was done', RollBackMigration, (id, body, subject) =>
    decisions.rollBack(id, { subject, comment: body.comment }, body),
  ),
  action('undo', 'execute_rollback', 'Take a completed migration back', UndoMigration, (id, body, subject) =>
    decisions.undo(id, { subject, comment: body.comment }, body),
  ),
];
