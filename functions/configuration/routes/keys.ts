import { z } from 'zod';
import { decodeCursor, pageBody, pageQuery } from '#platform/page.ts';
import { placeSchema } from '#platform/records.ts';
import { type Route, route } from '#platform/route.ts';
import { needs } from '../access.ts';
import { listDefinitions, putDefinition, readDefinition, removeDefinition } from '../keys/definitions.ts';
import { Definition, DefinitionPage, KeyName, Namespace, NewDefinition } from '../schemas.ts';

export const KeyParams = z.strictObject({ namespace: Namespace, key: KeyName });
export const keyRoutes: Route[] = [
  route({
    method: 'GET',
    path: '/configuration/keys',
    summary: 'List keys, by namespace',
    needs: needs('view_configuration'),
    query: pageQuery.extend({ namespace: Namespace.optional() }),
    responses: { 200: DefinitionPage },
    async handler({ query }) {
      const from = query.cursor === undefined ? undefined : decodeCursor(placeSchema, query.cursor);
      const { items, next } = await listDefinitions(query.namespace, query.limit, from);
      return { status: 200, body: pageBody(items, next) };
    },
  }),
  route({
    method: 'GET',
    path: '/configuration/keys/{namespace}/{key}',
    summary: 'Show what a key is defined by',
    needs: needs('view_configuration'),
    params: KeyParams,
    responses: { 200: Definition },
    handler: async ({ params }) => ({
      status: 200,
      body: await readDefinition(params.namespace, params.key),
    }),
  }),
  route({
    method: 'PUT',
    path: '/configuration/keys/{namespace}/{key}',
    summary: 'Define a key',
    description:
      'The same again changes nothing. With `version`, only when the definition is still the one of that version. A schema that stored values break is refused with their layers and the rules.',
    needs: needs('define_configuration'),
    params: KeyParams,
    body: NewDefinition,
    responses: { 200: Definition, 201: Definition },
    async handler({ params, body, caller }) {
      const { namespace, key } = params;
      const { definition, created } = await putDefinition(namespace, key, body, caller.subject);
      return { status: created ? 201 : 200, body: definition };
    },
  }),
  route({
    method: 'DELETE',
    path: '/configuration/keys/{namespace}/{key}',
    summary: 'Forget a key that has no values',
    needs: needs('define_configuration'),
    params: KeyParams,
    responses: { 204: z.undefined() },
    async handler({ params }) {
      await removeDefinition(params.namespace, params.key);
      return { status: 204, body: undefined };
    },
  }),
];
