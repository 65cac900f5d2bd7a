import { z } from 'zod';
import { readArtifact } from '#platform/artifacts.ts';
import { decodeCursor, pageBody, pageQuery } from '#platform/page.ts';
import { type Route, route } from '#platform/route.ts';
import { needs } from '../access.ts';
import { findGraph, readGraph, sdlOf, subgraphOf, subgraphView } from '../graphs/graph-store.ts';
import { assertGraphql } from '../graphs/operation-store.ts';
import { type Edit, publish, tryPublication } from '../graphs/publish.ts';
import {
  NewSubgraph,
  Publication,
  SubgraphPage,
  SubgraphParams,
  SubgraphRemoval,
  SubgraphWithText,
  SupergraphView,
  UnusedPage,
} from '../graphs/schemas.ts';
import { deprecatedElements } from '../graphs/unused.ts';
import { readApi } from '../registry/apis.ts';
import { latestOf } from '../registry/versions.ts';
import { serveApi } from '../serving/serve-api.ts';
import { ApiParams } from './apis.ts';

type Logger = Parameters<typeof serveApi>[1];

async function publishOrTry(edit: Edit, dryRun: boolean, tools: Logger) {
  if (dryRun) return { status: 200, body: await tryPublication(edit) } as const;
  const { publication, api } = await publish(edit);
  if (publication.version !== null) await serveApi(api, tools);
  return { status: 200, body: publication } as const;
}

export const graphRoutes: Route[] = [
  route({
    method: 'PUT',
    path: '/apis/{api}/subgraphs/{subgraph}',
    summary: 'Publish a subgraph: the supergraph is composed and becomes the next version of the API',
    description:
      'Refused when the subgraphs do not compose, and when the strategy does not allow what it changes, with the operations and clients that it would break. With `dryRun` it says so and stores nothing.',
    needs: needs('register_api'),
    params: SubgraphParams,
    query: z.strictObject({ dryRun: z.enum(['true', 'false']).default('false') }),
    body: NewSubgraph,
    responses: { 200: Publication },
    handler: ({ params, query, body, caller, logger }) => {
      const { url, sdl, strategy, reason, force, version } = body;
      const edit = { strategy, reason, force, version, by: caller.subject };
      const whole = { api: params.api, name: params.subgraph, to: { url, sdl }, ...edit };
      return publishOrTry(whole, query.dryRun === 'true', { logger });
    },
  }),
  route({
    method: 'DELETE',
    path: '/apis/{api}/subgraphs/{subgraph}',
    summary: 'Take a subgraph out of the supergraph',
    description: 'Breaking, with a reason, unless what it has is announced and used by nobody.',
    needs: needs('register_api'),
    params: SubgraphParams,
    query: SubgraphRemoval,
    responses: { 200: Publication },
    handler: ({ params, query: { dryRun, ...how }, caller, logger }) => {
      const edit = { strategy: how.strategy, reason: how.reason, force: how.force, version: how.version };
      const whole = { api: params.api, name: params.subgraph, to: null, ...edit, by: caller.subject };
      return publishOrTry(whole, dryRun === 'true', { logger });
    },
  }),
  route({
    method: 'GET',
    path: '/apis/{api}/subgraphs',
    summary: 'List the subgraphs of a GraphQL API, by name',
    needs: needs('view_apis'),
    params: ApiParams,
    query: pageQuery,
    responses: { 200: SubgraphPage },
    async handler({ params: { api }, query: { limit, cursor } }) {
      assertGraphql(await readApi(api));
      const after = cursor === undefined ? '' : decodeCursor(z.string(), cursor);
      const left = ((await findGraph(api))?.subgraphs ?? []).filter(({ name }) => name > after);
      const items = left.slice(0, limit).map((one) => subgraphView(api, one));
      return { status: 200, body: pageBody(items, left.length > limit ? items.at(-1)?.name : undefined) };
    },
  }),
  route({
    method: 'GET',
    path: '/apis/{api}/subgraphs/{subgraph}',
    summary: 'Show a subgraph with its schema',
    needs: needs('view_apis'),
    params: SubgraphParams,
    responses: { 200: SubgraphWithText },
    async handler({ params: { api, subgraph } }) {
      const entry = subgraphOf(await readGraph(api), subgraph);
      return { status: 200, body: { ...subgraphView(api, entry), sdl: await sdlOf(entry) } };
    },
  }),
  route({
    method: 'GET',
    path: '/apis/{api}/supergraph',
    summary: 'Show the supergraph that a router runs on, and how it came about',
    needs: needs('view_apis'),
    params: ApiParams,
    responses: { 200: SupergraphView },
    async handler({ params: { api } }) {
      const record = await readApi(api);
      const { supergraph, publications } = await readGraph(api);
      const supergraphSdl = await readArtifact(supergraph.key);
      return { status: 200, body: { api, version: latestOf(record), supergraphSdl, publications } };
    },
  }),
  route({
    method: 'GET',
    path: '/apis/{api}/supergraph/deprecated',
    summary: 'List what is deprecated in a GraphQL API, who asks for it, and whether it may go',
    needs: needs('view_apis'),
    params: ApiParams,
    query: pageQuery,
    responses: { 200: UnusedPage },
    async handler({ params: { api }, query: { limit, cursor } }) {
      const all = await deprecatedElements(await readApi(api));
      const after = cursor === undefined ? undefined : decodeCursor(z.string(), cursor);
      const start = all.findIndex(({ element }) => element === after) + 1;
      const items = all.slice(start, start + limit);
      const next = all.length > start + limit ? items.at(-1)?.element : undefined;
      return { status: 200, body: pageBody(items, next) };
    },
  }),
];
