import { z } from 'zod';
import { decodeCursor, pageBody, pageQuery } from '#platform/page.ts';
import { type Route, route } from '#platform/route.ts';
import { needs } from '../access.ts';
import { ConfigurationKey } from '../schemas.ts';
import { listSecrets } from '../secrets/inventory.ts';
import { findSecrets, openAll } from '../secrets/reading.ts';
import { ReencryptionId } from '../secrets/reencryption/records.ts';
import { lastReencryption, readReencryption } from '../secrets/reencryption/reencryption-store.ts';
import { NewReencryption, Reencryption, ReencryptionList } from '../secrets/reencryption/schemas.ts';
import { cancelReencryption, startReencryption } from '../secrets/reencryption/starting.ts';
import { viewOf } from '../secrets/reencryption/view.ts';
import { NewRotation, rotateSecret } from '../secrets/rotation.ts';
import { OpenedSecrets, SecretPage } from '../secrets/views.ts';
import { ConfigurationUpdate } from '../updates/schemas.ts';
import { readSlots } from '../updates/slots.ts';
import { viewOf as updateView } from '../updates/view.ts';

const params = z.strictObject({ id: ReencryptionId });

export const secretRoutes: Route[] = [
  route({
    method: 'GET',
    path: '/configuration/secrets',
    summary: 'List secrets: how they are sealed, and which should have another value',
    description: 'What they say is in none of it.',
    needs: needs('view_configuration'),
    query: pageQuery,
    responses: { 200: SecretPage },
    async handler({ query }) {
      const after = query.cursor === undefined ? null : decodeCursor(z.string().max(1_000), query.cursor);
      const { items, next } = await listSecrets(after, query.limit);
      return { status: 200, body: pageBody(items, next ?? undefined) };
    },
  }),
  route({
    method: 'POST',
    path: '/configuration/secrets/read',
    summary: 'Read what secrets say',
    description: 'For members of the groups in `readers` of a key, and for administrators. Each is audited.',
    needs: needs('read_secret'),
    body: z.strictObject({
      keys: z.array(ConfigurationKey).min(1).max(20),
      why: z.string().trim().min(1).max(500).optional(),
    }),
    answersSecret: true,
    responses: { 200: OpenedSecrets },
    async handler({ body, ...tools }) {
      const found = await findSecrets(body.keys, tools.caller);
      const call = 'POST /configuration/secrets/read';
      const opened = await openAll(found, { call, why: body.why }, tools);
      const items = found.map(({ identity, version }, at) => ({
        key: identity,
        version,
        value: opened[at] ?? '',
      }));
      return { status: 200, body: { items } };
    },
  }),
  route({
    method: 'POST',
    path: '/configuration/secrets/rotate',
    summary: 'Give a secret a value that the platform makes and nobody sees',
    description:
      'By an update as any other: services are told and watched, and it is taken back where they do not do well.',
    needs: needs('update_configuration'),
    body: NewRotation,
    responses: { 202: ConfigurationUpdate },
    async handler({ body, ...tools }) {
      const record = await rotateSecret(body, tools);
      return {
        status: 202,
        headers: { location: `/configuration/updates/${record.id}` },
        body: updateView(record, await readSlots()),
      };
    },
  }),
  route({
    method: 'POST',
    path: '/configuration/secrets/reencryptions',
    summary: 'Seal all secrets anew',
    description:
      'After the key was rotated, or another key or algorithm was chosen. Values and their versions stay as they are; one runs at a time.',
    needs: needs('reencrypt_secrets'),
    body: NewReencryption,
    responses: { 201: Reencryption },
    async handler({ body, ...tools }) {
      const record = await startReencryption(body, tools);
      return {
        status: 201,
        body: viewOf(record),
        headers: { location: `/configuration/secrets/reencryptions/${record.id}` },
      };
    },
  }),
  route({
    method: 'GET',
    path: '/configuration/secrets/reencryptions',
    summary: 'The re-encryption that runs, or ran last',
    needs: needs('view_configuration'),
    responses: { 200: ReencryptionList },
    async handler() {
      const record = await lastReencryption();
      return { status: 200, body: { items: record === undefined ? [] : [viewOf(record)] } };
    },
  }),
  route({
    method: 'GET',
    path: '/configuration/secrets/reencryptions/{id}',
    summary: 'How a re-encryption stands',
    needs: needs('view_configuration'),
    params,
    responses: { 200: Reencryption },
    handler: async (request) => ({
      status: 200,
      body: viewOf(await readReencryption(request.params.id)),
    }),
  }),
  route({
    method: 'POST',
    path: '/configuration/secrets/reencryptions/{id}/cancel',
    summary: 'Let a re-encryption end early; what is sealed anew stays so',
    needs: needs('reencrypt_secrets'),
    params,
    responses: { 200: Reencryption },
    handler: async (request) => ({
      status: 200,
      body: viewOf(await cancelReencryption(request.params.id, request.caller.subject)),
    }),
  }),
];
