import { z } from 'zod';
import { decodeCursor, pageBody, pageQuery } from '#platform/page.ts';
import { placeSchema } from '#platform/records.ts';
import { type Route, route } from '#platform/route.ts';
import { needs } from '../access.ts';
import { pinConsumer, pinOf, removeConsumer, unpinConsumer } from '../consumers/pins.ts';
import {
  Consumer,
  ConsumerId,
  ConsumerPage,
  NewConsumer,
  Pin,
  PinPage,
  PinView,
} from '../consumers/schemas.ts';
import { consumerView, listConsumers, readConsumer, setConsumer } from '../consumers/store.ts';
import { isServed, readApi } from '../registry/apis.ts';
import { ApiName } from '../schemas.ts';
import { serveApi } from '../serving/serve-api.ts';
import { ApiParams } from './apis.ts';

const ConsumerParams = z.strictObject({ consumer: ConsumerId });
const PinParams = z.strictObject({ api: ApiName, consumer: ConsumerId });

export const consumerRoutes: Route[] = [
  route({
    method: 'GET',
    path: '/apis/consumers',
    summary: 'List consumers of APIs, by id',
    needs: needs('view_apis'),
    query: pageQuery,
    responses: { 200: ConsumerPage },
    async handler({ query }) {
      const from = query.cursor === undefined ? undefined : decodeCursor(placeSchema, query.cursor);
      const { items, next } = await listConsumers(query.limit, from);
      return { status: 200, body: pageBody(items.map(consumerView), next) };
    },
  }),
  route({
    method: 'PUT',
    path: '/apis/consumers/{consumer}',
    summary: 'Set who a consumer is, and where it is told of what goes away',
    needs: needs('register_api'),
    params: ConsumerParams,
    body: NewConsumer,
    responses: { 200: Consumer },
    handler: async ({ params, body }) => ({
      status: 200,
      body: consumerView(await setConsumer(params.consumer, body)),
    }),
  }),
  route({
    method: 'GET',
    path: '/apis/consumers/{consumer}',
    summary: 'Show a consumer and the versions that it is pinned to',
    needs: needs('view_apis'),
    params: ConsumerParams,
    responses: { 200: Consumer },
    handler: async ({ params }) => ({ status: 200, body: consumerView(await readConsumer(params.consumer)) }),
  }),
  route({
    method: 'DELETE',
    path: '/apis/consumers/{consumer}',
    summary: 'Forget a consumer and its pins',
    needs: needs('register_api'),
    params: ConsumerParams,
    responses: { 204: z.undefined() },
    async handler({ params, caller, logger }) {
      for (const api of await removeConsumer(params.consumer, caller.subject))
        await serveApi(api, { logger });
      return { status: 204, body: undefined };
    },
  }),
  route({
    method: 'GET',
    path: '/apis/{api}/pins',
    summary: 'List the consumers that are pinned to a version, by id',
    needs: needs('view_apis'),
    params: ApiParams,
    query: pageQuery,
    responses: { 200: PinPage },
    async handler({ params, query: { limit, cursor } }) {
      const after = cursor === undefined ? '' : decodeCursor(z.string(), cursor);
      const { pins } = await readApi(params.api);
      const left = Object.keys(pins)
        .toSorted()
        .filter((consumer) => consumer > after);
      const items = left.slice(0, limit).flatMap((consumer) => {
        const version = pinOf({ pins }, consumer);
        return version === undefined ? [] : [{ consumer, version }];
      });
      return { status: 200, body: pageBody(items, left.length > limit ? items.at(-1)?.consumer : undefined) };
    },
  }),
  route({
    method: 'PUT',
    path: '/apis/{api}/pins/{consumer}',
    summary: 'Pin a consumer to a version: its requests that name none are for this one',
    needs: needs('register_api'),
    params: PinParams,
    body: Pin,
    responses: { 200: PinView },
    async handler({ params: { api, consumer }, body: { version }, caller, logger }) {
      const then = await serveApi(await pinConsumer(api, consumer, version, caller.subject), { logger });
      return { status: 200, body: { api, consumer, version, served: isServed(then) } };
    },
  }),
  route({
    method: 'DELETE',
    path: '/apis/{api}/pins/{consumer}',
    summary: 'Take the pin of a consumer back',
    needs: needs('register_api'),
    params: PinParams,
    responses: { 204: z.undefined() },
    async handler({ params: { api, consumer }, caller, logger }) {
      await serveApi(await unpinConsumer(api, consumer, caller.subject), { logger });
      return { status: 204, body: undefined };
    },
  }),
];
