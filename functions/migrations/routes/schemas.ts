import { z } from 'zod';
import { decodeCursor, pageBody } from '#platform/page.ts';
import { placeSchema } from '#platform/records.ts';
import { type RequestTools, type Route, route } from '#platform/route.ts';
import { needs } from '../access/actions.ts';
import { checkThroughConnector, importThroughConnector } from '../databases/connector-calls.ts';
import { findDatabase } from '../databases/databases.ts';
import { DatabaseRef } from '../databases/schemas.ts';
import { Imported, ImportTool, NewImport } from '../import/schemas.ts';
import type { DatabaseRecord } from '../records.ts';
import { SchemaPath } from '../registry/path.ts';
import { describeDifference, SchemaDifference } from '../registry/report.ts';
import {
  betweenQuery,
  CheckDrift,
  Drift,
  ofSchema,
  SchemaVersionDetail,
  SchemaVersionPage,
  versionParam,
  versionsQuery,
} from '../registry/schemas.ts';
import { readDrift } from '../schema-versions/drift.ts';
import { readImport } from '../schema-versions/imports.ts';
import { findPath } from '../schema-versions/schema-path.ts';
import {
  listVersions,
  readShapeOf,
  readVersion,
  type SchemaPlace,
  versionView,
} from '../schema-versions/schema-versions.ts';

const Params = z.strictObject({ id: DatabaseRef });

const placeIn = (database: DatabaseRecord, schema: string | undefined): SchemaPlace => ({
  databaseId: database.id,
  schema: schema ?? database.schema,
});

/** The API answers within 30 s. */
const checkMs = 25_000;

/** Looks at the schema now; what was found is read from where it was written down. */
async function look(
  reference: string,
  schema: string | undefined,
  accept: boolean,
  { caller, requestId }: RequestTools,
): Promise<z.infer<typeof Drift>> {
  const database = await findDatabase(reference);
  const place = placeIn(database, schema);
  const asked = { schema: place.schema, accept, actor: caller.subject, waitMs: checkMs };
  await checkThroughConnector(database, asked, requestId);
  return readDrift(place);
}

/** Versions of the schemas of databases, and what differs from them. */
export const schemaRoutes: Route[] = [
  route({
    method: 'GET',
    path: '/databases/{id}/schema-versions',
    summary: 'List the versions of a schema, newest first',
    needs: needs('view_progress', 'database'),
    params: Params,
    query: versionsQuery,
    responses: { 200: SchemaVersionPage },
    async handler({ params, query }) {
      const place = placeIn(await findDatabase(params.id), query.schema);
      const from = query.cursor === undefined ? undefined : decodeCursor(placeSchema, query.cursor);
      const { items, next } = await listVersions(place, query.limit, from);
      return {
        status: 200,
        body: pageBody(
          items.map((record) => versionView(place, record)),
          next,
        ),
      };
    },
  }),
  route({
    method: 'GET',
    path: '/databases/{id}/schema-versions/{number}',
    summary: 'Show a version of a schema with every object in it',
    needs: needs('view_progress', 'database'),
    params: Params.extend({ number: versionParam }),
    query: ofSchema,
    responses: { 200: SchemaVersionDetail },
    async handler({ params, query }) {
      const place = placeIn(await findDatabase(params.id), query.schema);
      const record = await readVersion(place, params.number);
      const shape = await readShapeOf(place, record);
      return { status: 200, body: { ...versionView(place, record), shape } };
    },
  }),
  route({
    method: 'GET',
    path: '/databases/{id}/schema-differences',
    summary: 'Compare two versions of a schema: changes, what they do to old clients, SQL',
    needs: needs('view_progress', 'database'),
    params: Params,
    query: betweenQuery,
    responses: { 200: SchemaDifference },
    async handler({ params, query }) {
      const place = placeIn(await findDatabase(params.id), query.schema);
      const shapeAt = async (number: number) => readShapeOf(place, await readVersion(place, number));
      const body = describeDifference(await shapeAt(query.from), await shapeAt(query.to));
      return { status: 200, body };
    },
  }),
  route({
    method: 'GET',
    path: '/databases/{id}/schema-path',
    summary: 'List the migrations that lead from one version of a schema to another, up or down',
    description: '409 with the reason when none do.',
    needs: needs('view_progress', 'database'),
    params: Params,
    query: betweenQuery,
    responses: { 200: SchemaPath },
    async handler({ params, query }) {
      const place = placeIn(await findDatabase(params.id), query.schema);
      return { status: 200, body: await findPath(place, query.from, query.to) };
    },
  }),
  route({
    method: 'POST',
    path: '/databases/{id}/imports',
    summary: "Take over what another tool has applied, from the tool's own table",
    description: 'Nothing is kept when `problems` says why; the answer is the same report.',
    needs: needs('read_source', 'database'),
    params: Params,
    body: NewImport,
    responses: { 200: Imported },
    async handler({ params, body, caller, requestId }) {
      const database = await findDatabase(params.id);
      return { status: 200, body: await importThroughConnector(database, body, caller.subject, requestId) };
    },
  }),
  route({
    method: 'GET',
    path: '/databases/{id}/imports/{tool}',
    summary: 'Show the history that was taken over from a tool',
    needs: needs('view_progress', 'database'),
    params: Params.extend({ tool: ImportTool }),
    query: ofSchema,
    responses: { 200: Imported },
    async handler({ params, query }) {
      const place = placeIn(await findDatabase(params.id), query.schema);
      return { status: 200, body: await readImport(place, params.tool) };
    },
  }),
  route({
    method: 'GET',
    path: '/databases/{id}/drift',
    summary: 'Show what the last look at a schema found that no migration made',
    needs: needs('view_progress', 'database'),
    params: Params,
    query: ofSchema,
    responses: { 200: Drift },
    async handler({ params, query }) {
      const place = placeIn(await findDatabase(params.id), query.schema);
      return { status: 200, body: await readDrift(place) };
    },
  }),
  route({
    method: 'POST',
    path: '/databases/{id}/drift-checks',
    summary: 'Look at a schema now for changes that no migration made',
    needs: needs('read_source', 'database'),
    params: Params,
    body: CheckDrift,
    responses: { 200: Drift },
    handler: async ({ params, body, ...tools }) => ({
      status: 200,
      body: await look(params.id, body.schema, false, tools),
    }),
  }),
  route({
    method: 'POST',
    path: '/databases/{id}/baselines',
    summary: 'Take a schema as it is now as its next version',
    description: 'What differs from the last version, and no running migration made, is accepted.',
    needs: needs('read_source', 'database'),
    params: Params,
    body: CheckDrift,
    responses: { 200: Drift },
    handler: async ({ params, body, ...tools }) => ({
      status: 200,
      body: await look(params.id, body.schema, true, tools),
    }),
  }),
];
