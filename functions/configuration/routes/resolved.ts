import { z } from 'zod';
import { ServiceName } from '#compatibility/contracts/shape.ts';
import { type Route, route } from '#platform/route.ts';
import { needs } from '../access.ts';
import { layersOf, layerText } from '../resolution/layers.ts';
import type { Resolved } from '../resolution/resolve.ts';
import { EnvironmentName, KeyName, LayerName, TenantName } from '../schemas.ts';
import { openByKey, readableSecrets } from '../secrets/resolved.ts';
import { assertAnswerable, readExplained, readResolved } from '../values/resolved.ts';
import { etagOf, hasTag } from '../values/tags.ts';
import {
  changesOf,
  Differences,
  ExplainedView,
  explainedView,
  ResolvedDocument,
  resolvedView,
  type Side,
} from '../values/views.ts';

const yes = z.enum(['true', 'false']).default('false');

const sideOf = ({ content, secret, version, from }: Resolved): Side => ({
  content,
  secret,
  identity: `${from === 'default' ? from : layerText(from)} ${version}`,
});

export const resolvedRoutes: Route[] = [
  route({
    method: 'GET',
    path: '/configuration/resolved',
    summary: 'All that holds for a service, an environment or a tenant',
    description:
      'The most specific layer wins: tenant before service before environment before all. With the ETag of an earlier answer in If-None-Match, 304 while nothing changed. Secrets say no more than their version, unless `secrets` asks for them: then those whose reader the caller is.',
    needs: needs('view_configuration'),
    routine: true,
    query: LayerName.extend({
      provenance: yes.describe('What each layer says besides'),
      secrets: z.enum(['include']).optional().describe('What secrets say, too; each is audited'),
    }),
    responses: { 200: ResolvedDocument, 304: z.undefined() },
    async handler({ query, ...tools }) {
      const { provenance, secrets, ...reader } = query;
      const resolved = await readResolved(reader);
      const items = resolved.map((one) => resolvedView(one, provenance === 'true'));
      const body = { reader, layers: layersOf(reader), items };
      const readable =
        secrets === undefined ? new Map() : await readableSecrets(reader, resolved, tools.caller);
      assertAnswerable(body, reader);
      // Of secrets the tag knows the versions and who may read them: what they say is opened for none of it.
      const besides = { items: provenance === 'true' ? items : [], readable: [...readable.keys()] };
      const etag = etagOf(resolved, provenance === 'true' || readable.size > 0 ? besides : undefined);
      const headers = { etag, 'cache-control': 'private, no-cache' };
      if (hasTag(tools.header('if-none-match'), etag)) return { status: 304, body: undefined, headers };
      const opened = await openByKey(readable, tools);
      const told = items.map((one) => {
        const value = opened.get(one.key);
        return value === undefined ? one : { ...one, value };
      });
      return { status: 200, body: { ...body, items: told }, headers };
    },
  }),
  route({
    method: 'GET',
    path: '/configuration/resolved/{key}',
    summary: 'What each layer says of a key, and what holds',
    needs: needs('view_configuration'),
    params: z.strictObject({ key: KeyName }),
    query: LayerName,
    responses: { 200: ExplainedView },
    async handler({ params, query }) {
      const { said, resolved } = await readExplained(query, params.key);
      return { status: 200, body: explainedView(params.key, said, resolved) };
    },
  }),
  route({
    method: 'GET',
    path: '/configuration/differences',
    summary: 'How what holds differs between two readers',
    description: 'Keys that are the same on both sides are left out; of secrets, only that they differ.',
    needs: needs('view_configuration'),
    query: LayerName.extend({
      toService: ServiceName.optional(),
      toEnvironment: EnvironmentName.optional(),
      toTenant: TenantName.optional(),
    }),
    responses: { 200: Differences },
    async handler({ query }) {
      const { toService, toEnvironment, toTenant, ...before } = query;
      const after: LayerName = {
        namespace: before.namespace,
        ...(toService === undefined ? {} : { service: toService }),
        ...(toEnvironment === undefined ? {} : { environment: toEnvironment }),
        ...(toTenant === undefined ? {} : { tenant: toTenant }),
      };
      const [one, other] = await Promise.all([readResolved(before), readResolved(after)]);
      const sides = (all: Resolved[]) => new Map(all.map((each) => [each.key, sideOf(each)]));
      const [left, right] = [sides(one), sides(other)];
      const items = [...new Set([...left.keys(), ...right.keys()])]
        .toSorted()
        .map((key) => changesOf(key, left.get(key), right.get(key)))
        .filter(({ change }) => change !== 'unchanged');
      const body = { before, after, items };
      assertAnswerable(body, before);
      return { status: 200, body };
    },
  }),
];
