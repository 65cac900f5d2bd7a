import { z } from 'zod';
import { compareVersions, satisfies, Version } from '#compatibility/ranges.ts';
import { decodeCursor, pageBody, pageQuery } from '#platform/page.ts';
import { placeSchema } from '#platform/records.ts';
import { type Route, route } from '#platform/route.ts';
import { needs } from '../access.ts';
import { NewVersion } from '../new-version.ts';
import { deregisterVersion, forgetService } from '../registry/deregister.ts';
import { registerVersion } from '../registry/register.ts';
import {
  listServices,
  readService,
  readVersion,
  readVersions,
  serviceView,
  summaryOf,
  versionView,
} from '../registry/versions.ts';
import { Name, Service, ServicePage, ServiceVersion, VersionPage, VersionQuery } from '../schemas.ts';

export const ServiceParams = z.strictObject({ name: Name });
export const VersionParams = z.strictObject({ name: Name, version: Version });

const Deregistration = z
  .strictObject({
    force: z.enum(['true', 'false']).default('false').describe('Although others are left without a version'),
    reason: z.string().min(1).max(500).optional(),
  })
  .refine(({ force, reason }) => force === 'false' || reason !== undefined, {
    error: 'Expected a reason for what is forced',
    path: ['reason'],
  });

export const versionRoutes: Route[] = [
  route({
    method: 'POST',
    path: '/services/{name}/versions',
    summary: 'Register a version of a service',
    description:
      'The same again answers the same. A contract that breaks those who depend on the service, or changes more than the number of the version says, is refused with their names and with documents that show it, unless `accept` names what is broken on purpose.',
    needs: needs('register_service'),
    params: ServiceParams,
    body: NewVersion,
    responses: { 200: ServiceVersion, 201: ServiceVersion },
    async handler({ params, body, caller }) {
      const { record, created } = await registerVersion(params.name, body, caller.subject);
      const { service, version } = record;
      return {
        status: created ? 201 : 200,
        body: await versionView(record),
        headers: { location: `/services/${service}/versions/${encodeURIComponent(version)}` },
      };
    },
  }),
  route({
    method: 'GET',
    path: '/services',
    summary: 'List services, by name',
    needs: needs('view_services'),
    query: pageQuery,
    responses: { 200: ServicePage },
    async handler({ query }) {
      const from = query.cursor === undefined ? undefined : decodeCursor(placeSchema, query.cursor);
      const { items, next } = await listServices(query.limit, from);
      return { status: 200, body: pageBody(items.map(serviceView), next) };
    },
  }),
  route({
    method: 'GET',
    path: '/services/{name}',
    summary: 'Show a service',
    needs: needs('view_services'),
    params: ServiceParams,
    responses: { 200: Service },
    handler: async ({ params }) => ({ status: 200, body: serviceView(await readService(params.name)) }),
  }),
  route({
    method: 'DELETE',
    path: '/services/{name}',
    summary: 'Forget a service that has neither versions nor consumers',
    needs: needs('register_service'),
    params: ServiceParams,
    responses: { 204: z.undefined() },
    async handler({ params }) {
      await forgetService(params.name);
      return { status: 204, body: undefined };
    },
  }),
  route({
    method: 'GET',
    path: '/services/{name}/versions',
    summary: 'List the versions of a service, the highest first',
    needs: needs('view_services'),
    params: ServiceParams,
    query: VersionQuery,
    responses: { 200: VersionPage },
    async handler({ params, query }) {
      await readService(params.name);
      const { range, limit } = query;
      const after = query.cursor === undefined ? undefined : decodeCursor(Version, query.cursor);
      const wanted = (await readVersions(params.name))
        .filter(({ version }) => range === undefined || satisfies(version, range))
        .filter(({ version }) => after === undefined || compareVersions(version, after) < 0)
        .toReversed();
      const items = wanted.slice(0, limit);
      const next = wanted.length > limit ? items.at(-1)?.version : undefined;
      return { status: 200, body: pageBody(items.map(summaryOf), next) };
    },
  }),
  route({
    method: 'GET',
    path: '/services/{name}/versions/{version}',
    summary: 'Show a version of a service with its contract',
    needs: needs('view_services'),
    params: VersionParams,
    responses: { 200: ServiceVersion },
    handler: async ({ params }) => ({
      status: 200,
      body: await versionView(await readVersion(params.name, params.version)),
    }),
  }),
  route({
    method: 'DELETE',
    path: '/services/{name}/versions/{version}',
    summary: 'Deregister a version, its contract and its instances',
    description:
      'Refused with their names while others depend on it and no other version satisfies their ranges; `force` with a reason does it anyway.',
    needs: needs('register_service'),
    params: VersionParams,
    query: Deregistration,
    responses: { 204: z.undefined() },
    async handler({ params, query }) {
      await deregisterVersion(params.name, params.version, query.force === 'true');
      return { status: 204, body: undefined };
    },
  }),
];
