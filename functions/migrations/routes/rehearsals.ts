import { z } from 'zod';
import { type Route, route } from '#platform/route.ts';
import { needs } from '../access/actions.ts';
import { readMigration } from '../migration-store.ts';
import { NewRehearsal, Rehearsal, RehearsalId, RehearsalList } from '../rehearsal/schemas.ts';
import {
  listedRehearsal,
  readRehearsal,
  readRehearsals,
  rehearsalView,
  startRehearsal,
} from '../rehearsal/store.ts';
import { MigrationId } from '../schemas.ts';

const OfMigration = z.strictObject({ id: MigrationId });
const One = z.strictObject({ id: MigrationId, rehearsal: RehearsalId });

export const rehearsalRoutes: Route[] = [
  route({
    method: 'POST',
    path: '/migrations/{id}/rehearsals',
    summary: 'Run a migration on a copy, forth and back',
    description:
      'The copy has the schema and a sample of the rows, in a database of its own that is dropped at the end. The database itself is only read.',
    needs: needs('rehearse', 'migration'),
    params: OfMigration,
    body: NewRehearsal,
    responses: { 202: Rehearsal },
    async handler({ params, body, caller }) {
      const record = await startRehearsal(await readMigration(params.id), body, caller.subject);
      const headers = { location: `/migrations/${params.id}/rehearsals/${record.id}` };
      return { status: 202, body: await rehearsalView(record), headers };
    },
  }),
  route({
    method: 'GET',
    path: '/migrations/{id}/rehearsals',
    summary: 'List the rehearsals of a migration, newest first, at most 100',
    needs: needs('view_progress', 'migration'),
    params: OfMigration,
    responses: { 200: RehearsalList },
    handler: async ({ params }) => ({
      status: 200,
      body: { items: (await readRehearsals((await readMigration(params.id)).id)).map(listedRehearsal) },
    }),
  }),
  route({
    method: 'GET',
    path: '/migrations/{id}/rehearsals/{rehearsal}',
    summary: 'Show a rehearsal and its report',
    needs: needs('view_progress', 'migration'),
    params: One,
    responses: { 200: Rehearsal },
    handler: async ({ params }) => ({
      status: 200,
      body: await rehearsalView(await readRehearsal(params.id, params.rehearsal)),
    }),
  }),
];
