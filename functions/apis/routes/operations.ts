import { z } from 'zod';
import { decodeCursor, pageBody, pageQuery } from '#platform/page.ts';
import { placeSchema } from '#platform/records.ts';
import { type Route, route } from '#platform/route.ts';
import { needs } from '../access.ts';
import {
  forgetOperation,
  listOperations,
  operationView,
  recordOperations,
} from '../graphs/operation-store.ts';
import { NewOperations, OperationPage, OperationParams, OperationView } from '../graphs/schemas.ts';
import { readApi } from '../registry/apis.ts';
import { ApiParams } from './apis.ts';

export const operationRoutes: Route[] = [
  route({
    method: 'PUT',
    path: '/apis/{api}/operations',
    summary: 'Register operations of a client of a GraphQL API, or what a router counted of them',
    description:
      'Each is held against the newest version; one that it does not take is refused, and then none is kept. The same again takes the place of what was counted before.',
    needs: needs('register_api'),
    params: ApiParams,
    body: NewOperations,
    responses: { 200: z.strictObject({ operations: z.array(OperationView) }).meta({ id: 'Operations' }) },
    async handler({ params, body }) {
      const records = await recordOperations(await readApi(params.api), body);
      return { status: 200, body: { operations: records.map(operationView) } };
    },
  }),
  route({
    method: 'GET',
    path: '/apis/{api}/operations',
    summary: 'List the operations of a GraphQL API that are known',
    needs: needs('view_apis'),
    params: ApiParams,
    query: pageQuery,
    responses: { 200: OperationPage },
    async handler({ params, query }) {
      const from = query.cursor === undefined ? undefined : decodeCursor(placeSchema, query.cursor);
      const { items, next } = await listOperations(params.api, query.limit, from);
      return { status: 200, body: pageBody(items.map(operationView), next) };
    },
  }),
  route({
    method: 'DELETE',
    path: '/apis/{api}/operations/{operation}',
    summary: 'Forget an operation that its client sends no more',
    needs: needs('register_api'),
    params: OperationParams,
    responses: { 204: z.undefined() },
    async handler({ params }) {
      await forgetOperation(params.api, params.operation);
      return { status: 204, body: undefined };
    },
  }),
];
