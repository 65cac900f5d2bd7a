import { z } from 'zod';
import { NotFound } from '#platform/errors.ts';
import { decodeCursor, pageBody, pageQuery } from '#platform/page.ts';
import { type Route, route } from '#platform/route.ts';
import { needs } from '../access.ts';
import { layerText, nameOf } from '../resolution/layers.ts';
import { type ConfigurationKey, KeyName, Namespace, type StoredValue } from '../schemas.ts';
import { listHolders, readHistory, readValue, readVersion } from '../values/store.ts';
import {
  Changes,
  changesOf,
  layerQuery,
  type Side,
  ValuePage,
  ValueView,
  valueParams,
  valueView,
} from '../values/views.ts';

async function existing(identity: ConfigurationKey): Promise<StoredValue> {
  const found = await readValue(identity);
  if (found !== undefined) return found;
  throw new NotFound(`${nameOf(identity)} has no value, and never had one`, {
    evidence: { identity },
    action: `See what each layer says with \`theseus config explain ${identity.key} --namespace ${identity.namespace}\`.`,
  });
}

const sideOf = (value: StoredValue): Side | undefined =>
  value.content === null
    ? undefined
    : {
        content: value.content,
        secret: value.content.kind === 'secret',
        identity: `${layerText(value)} ${value.version}`,
      };

/** A place in the index of who has values of a key. */
const holderPlace = z.strictObject({
  pk: z.string(),
  sk: z.string(),
  gsi1pk: z.string(),
  gsi1sk: z.string(),
});

const number = z.coerce.number().int().min(1);

export const valueRoutes: Route[] = [
  route({
    method: 'GET',
    path: '/configuration/values',
    summary: 'List the values of a namespace in all layers, by key',
    description: 'What a reader gets of all its layers is /configuration/resolved.',
    needs: needs('view_configuration'),
    query: pageQuery.extend({ namespace: Namespace, key: KeyName.optional() }),
    responses: { 200: ValuePage },
    async handler({ query }) {
      const { limit, cursor, namespace, key } = query;
      const from = cursor === undefined ? undefined : decodeCursor(holderPlace, cursor);
      const { items, next } = await listHolders({ namespace, key }, limit, from);
      return { status: 200, body: pageBody(items.map(valueView), next) };
    },
  }),
  route({
    method: 'GET',
    path: '/configuration/values/{namespace}/{key}',
    summary: 'Show the value of one layer',
    needs: needs('view_configuration'),
    params: valueParams,
    query: layerQuery,
    responses: { 200: ValueView },
    handler: async ({ params, query }) => ({
      status: 200,
      body: valueView(await existing({ ...params, ...query })),
    }),
  }),
  route({
    method: 'GET',
    path: '/configuration/values/{namespace}/{key}/history',
    summary: 'List what a value was, when, by whom and why, the newest first',
    needs: needs('view_configuration'),
    params: valueParams,
    query: pageQuery.extend(layerQuery.shape),
    responses: { 200: ValuePage },
    async handler({ params, query }) {
      const { limit, cursor, ...layer } = query;
      const identity = { ...params, ...layer };
      await existing(identity);
      const before = cursor === undefined ? undefined : decodeCursor(number, cursor);
      const { items, next } = await readHistory(identity, { limit, before });
      return { status: 200, body: pageBody(items.map(valueView), next) };
    },
  }),
  route({
    method: 'GET',
    path: '/configuration/values/{namespace}/{key}/difference',
    summary: 'How one version of a value differs from another',
    needs: needs('view_configuration'),
    params: valueParams,
    query: layerQuery.extend({
      from: number.describe('Version'),
      to: number.optional().describe('Version; the one that holds unless said'),
    }),
    responses: { 200: Changes },
    async handler({ params, query }) {
      const { from, to, ...layer } = query;
      const identity = { ...params, ...layer };
      const current = await existing(identity);
      const before = await readVersion(identity, from);
      const after = to === undefined ? current : await readVersion(identity, to);
      return { status: 200, body: changesOf(params.key, sideOf(before), sideOf(after)) };
    },
  }),
];
