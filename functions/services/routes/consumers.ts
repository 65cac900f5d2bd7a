import { z } from 'zod';
import { ServiceName } from '#compatibility/contracts/shape.ts';
import { clock } from '#platform/clock.ts';
import { InvalidInput } from '#platform/errors.ts';
import { decodeCursor, pageBody, pageQuery } from '#platform/page.ts';
import { placeSchema } from '#platform/records.ts';
import { type Route, route } from '#platform/route.ts';
import { needs } from '../access.ts';
import type { ConsumerRecord } from '../consumers/records.ts';
import { type Consumer, ConsumerPage, ConsumerWithVersions, NewConsumer } from '../consumers/schemas.ts';
import { forgetConsumer, listConsumers, readConsumer, writeConsumer } from '../consumers/store.ts';
import { versionsFor } from '../consumers/versions-for.ts';
import { readService, readVersions } from '../registry/versions.ts';
import { Name } from '../schemas.ts';
import { ServiceParams } from './versions.ts';

const ConsumerParams = z.strictObject({ name: Name, consumer: ServiceName });

const consumerView = ({ schemaVersion: _schema, ...shown }: ConsumerRecord): Consumer => shown;

async function withVersions(record: ConsumerRecord): Promise<z.infer<typeof ConsumerWithVersions>> {
  const versions = await readVersions(record.service);
  const { allowed, excluded } = await versionsFor(record.service, record.consumer, versions, versions);
  return { ...consumerView(record), versions: allowed.map(({ version }) => version), excluded };
}

/** Throws InvalidInput when a contract names another service or consumer than the path. */
function assertNamed(path: { service: string; consumer: string }, contract: object): void {
  const problems = Object.entries(path).flatMap(([field, expected]) => {
    const found: unknown = Reflect.get(contract, field);
    if (found === undefined || found === expected) return [];
    return [
      { pointer: `/body/contract/${field}`, detail: `Expected ${expected} as in the path, found ${found}` },
    ];
  });
  if (problems.length > 0) {
    throw new InvalidInput('The contract names another than the path', {
      problems,
      action: 'Send the contract to the path that it names.',
    });
  }
}

export const consumerRoutes: Route[] = [
  route({
    method: 'PUT',
    path: '/services/{name}/consumers/{consumer}',
    summary: 'Say what a consumer uses of a service, and in which versions',
    description:
      'Takes the place of what was said before. The answer names the versions that it goes on with.',
    needs: needs('register_service'),
    params: ConsumerParams,
    body: NewConsumer,
    responses: { 200: ConsumerWithVersions },
    async handler({ params: { name, consumer }, body, caller }) {
      assertNamed({ service: name, consumer }, body.contract);
      await readService(name);
      const record: ConsumerRecord = {
        schemaVersion: 1,
        service: name,
        consumer,
        range: body.range,
        contract: { ...body.contract, service: name, consumer },
        updatedAt: clock.iso(),
        updatedBy: caller.subject,
      };
      await writeConsumer(record);
      return { status: 200, body: await withVersions(record) };
    },
  }),
  route({
    method: 'GET',
    path: '/services/{name}/consumers',
    summary: 'List the consumers of a service, by name',
    needs: needs('view_services'),
    params: ServiceParams,
    query: pageQuery,
    responses: { 200: ConsumerPage },
    async handler({ params, query }) {
      await readService(params.name);
      const from = query.cursor === undefined ? undefined : decodeCursor(placeSchema, query.cursor);
      const { items, next } = await listConsumers(params.name, query.limit, from);
      return { status: 200, body: pageBody(items.map(consumerView), next) };
    },
  }),
  route({
    method: 'GET',
    path: '/services/{name}/consumers/{consumer}',
    summary: 'Show a consumer, and the versions that it goes on with',
    needs: needs('view_services'),
    params: ConsumerParams,
    responses: { 200: ConsumerWithVersions },
    handler: async ({ params }) => ({
      status: 200,
      body: await withVersions(await readConsumer(params.name, params.consumer)),
    }),
  }),
  route({
    method: 'DELETE',
    path: '/services/{name}/consumers/{consumer}',
    summary: 'Forget a consumer',
    needs: needs('register_service'),
    params: ConsumerParams,
    responses: { 204: z.undefined() },
    async handler({ params }) {
      await readConsumer(params.name, params.consumer);
      await forgetConsumer(params.name, params.consumer);
      return { status: 204, body: undefined };
    },
  }),
];
