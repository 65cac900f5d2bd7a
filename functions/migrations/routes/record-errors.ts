import { z } from 'zod';
import { decodeCursor, pageBody, pageQuery } from '#platform/page.ts';
import { type Route, route } from '#platform/route.ts';
import { needs } from '../access/actions.ts';
import { listErrors, redriveErrors } from '../databases/connector-calls.ts';
import { Redriven, RefusedRecordPage } from '../loading/refused.ts';
import { readMigration } from '../migration-store.ts';
import { MigrationId } from '../schemas.ts';

const Params = z.strictObject({ id: MigrationId });

export const recordErrorRoutes: Route[] = [
  route({
    method: 'GET',
    path: '/migrations/{id}/errors',
    summary: 'List the records that a data migration refused, oldest first',
    description: 'Read from the target, where they are kept with the record as it was.',
    needs: needs('read_source', 'migration'),
    params: Params,
    query: pageQuery,
    responses: { 200: RefusedRecordPage },
    async handler({ params, query, requestId }) {
      const after = query.cursor === undefined ? 0 : decodeCursor(z.int().min(0), query.cursor);
      const found = await listErrors(await readMigration(params.id), after, query.limit + 1, requestId);
      const items = found.slice(0, query.limit);
      return {
        status: 200,
        body: pageBody(items, found.length > query.limit ? items.at(-1)?.number : undefined),
      };
    },
  }),
  route({
    method: 'POST',
    path: '/migrations/{id}/redrive',
    summary: 'Load the refused records of a data migration once more',
    description: 'While it is paused or completed. `more` says that there was no time for all of them.',
    needs: needs('write_target', 'migration'),
    params: Params,
    responses: { 200: Redriven },
    handler: async ({ params, caller, requestId }) => ({
      status: 200,
      body: await redriveErrors(await readMigration(params.id), caller.subject, requestId),
    }),
  }),
];
