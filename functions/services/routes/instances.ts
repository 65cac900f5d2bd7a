import { z } from 'zod';
import { Version } from '#compatibility/ranges.ts';
import { type Route, route } from '#platform/route.ts';
import { needs } from '../access.ts';
import { heartbeat, instanceView, registerInstance, removeInstance } from '../instances/register.ts';
import { Heartbeat, Instance, InstanceId, InstanceList, Lease, NewInstance } from '../instances/schemas.ts';
import { instancesOf } from '../instances/store.ts';
import { readVersion } from '../registry/versions.ts';
import { Name } from '../schemas.ts';
import { VersionParams } from './versions.ts';

const InstanceParams = z.strictObject({ name: Name, version: Version, id: InstanceId });

export const instanceRoutes: Route[] = [
  route({
    method: 'POST',
    path: '/services/{name}/versions/{version}/instances',
    summary: 'Register an instance of a version with a lease',
    description:
      'One URL is one instance: registered again it keeps its id and gets a new lease. It is asked for its health at once.',
    needs: needs('report_health'),
    params: VersionParams,
    body: NewInstance,
    responses: { 200: Instance, 201: Instance },
    async handler({ params, body, caller }) {
      const { record, created } = await registerInstance(params.name, params.version, body, caller.subject);
      return { status: created ? 201 : 200, body: instanceView(record) };
    },
  }),
  route({
    method: 'GET',
    path: '/services/{name}/versions/{version}/instances',
    summary:
      'List the instances of a version, those without a lease any more included; there are at most 500',
    needs: needs('view_services'),
    params: VersionParams,
    responses: { 200: InstanceList },
    async handler({ params }) {
      await readVersion(params.name, params.version);
      const items = (await instancesOf(params.name, params.version)).map(instanceView);
      return { status: 200, body: { items } };
    },
  }),
  route({
    method: 'PUT',
    path: '/services/{name}/versions/{version}/instances/{id}/heartbeat',
    summary: 'Prolong the lease of an instance, and say how busy it is',
    needs: needs('report_health'),
    params: InstanceParams,
    body: Heartbeat,
    routine: true,
    responses: { 200: Lease },
    async handler({ params, body }) {
      const until = await heartbeat(params.name, params.version, params.id, body);
      return { status: 200, body: { leaseUntil: until === null ? null : new Date(until).toISOString() } };
    },
  }),
  route({
    method: 'DELETE',
    path: '/services/{name}/versions/{version}/instances/{id}',
    summary: 'Remove an instance',
    needs: needs('report_health'),
    params: InstanceParams,
    responses: { 204: z.undefined() },
    async handler({ params }) {
      await removeInstance(params.name, params.version, params.id);
      return { status: 204, body: undefined };
    },
  }),
];
