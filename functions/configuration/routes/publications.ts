import { z } from 'zod';
import { decodeCursor, pageBody, pageQuery } from '#platform/page.ts';
import { placeSchema } from '#platform/records.ts';
import { type Route, route } from '#platform/route.ts';
import { needs } from '../access.ts';
import { redeployDrifted } from '../drift/publications.ts';
import {
  listPublications,
  publicationView,
  readPublication,
  removePublication,
  setPublication,
} from '../publications/publications.ts';
import { tryToPublish } from '../publications/publish.ts';
import { NewPublication, Publication, PublicationPage, PublicationParams } from '../publications/schemas.ts';

const path = '/configuration/publications/{environment}/{service}';

export const publicationRoutes: Route[] = [
  route({
    method: 'GET',
    path: '/configuration/publications',
    summary: 'List what is published to AppConfig',
    needs: needs('view_configuration'),
    query: pageQuery,
    responses: { 200: PublicationPage },
    async handler({ query }) {
      const from = query.cursor === undefined ? undefined : decodeCursor(placeSchema, query.cursor);
      const { items, next } = await listPublications(query.limit, from);
      return { status: 200, body: pageBody(items.map(publicationView), next) };
    },
  }),
  route({
    method: 'GET',
    path,
    summary: 'Show how far the newest document of a service has come',
    needs: needs('view_configuration'),
    params: PublicationParams,
    responses: { 200: Publication },
    handler: async ({ params }) => ({ status: 200, body: publicationView(await readPublication(params)) }),
  }),
  route({
    method: 'PUT',
    path,
    summary: 'Publish to AppConfig what a service reads in an environment',
    description:
      'What holds for it, without values of tenants and of secrets, is deployed at once and whenever it changed, within a minute. The same again is deployed over what somebody else deployed.',
    needs: needs('define_configuration'),
    params: PublicationParams,
    body: NewPublication,
    responses: { 200: Publication, 201: Publication },
    async handler({ params, body, caller, logger, metrics }) {
      const { record, created } = await setPublication(params, body, caller.subject);
      await tryToPublish(await redeployDrifted(record), { logger, metrics });
      return { status: created ? 201 : 200, body: publicationView(await readPublication(params)) };
    },
  }),
  route({
    method: 'DELETE',
    path,
    summary: 'Publish no more; what is deployed stays',
    needs: needs('define_configuration'),
    params: PublicationParams,
    responses: { 204: z.undefined() },
    async handler({ params }) {
      await removePublication(params);
      return { status: 204, body: undefined };
    },
  }),
];
