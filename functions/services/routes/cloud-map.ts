import { clock } from '#platform/clock.ts';
import { type Route, route } from '#platform/route.ts';
import { needs } from '../access.ts';
import { exportServices, type ServiceToExport } from '../cloud-map/export.ts';
import { importNamespace } from '../cloud-map/import.ts';
import { namespaceId } from '../cloud-map/read.ts';
import { Export, Exported, Import, Imported } from '../cloud-map/schemas.ts';
import { isFit } from '../discovery/discover.ts';
import { allInstancesOf } from '../instances/store.ts';
import { listServices, readService, readVersions } from '../registry/versions.ts';

/** Services of one export. */
const mostServices = 100;

/** A service with the instances that nothing speaks against. */
async function exportable(service: string): Promise<ServiceToExport> {
  const versions = new Map((await readVersions(service)).map((one) => [one.version, one]));
  const now = clock.now();
  const instances = (await allInstancesOf(service)).flatMap((instance) => {
    const version = versions.get(instance.version);
    // What came from there is there already.
    if (version === undefined || instance.kind === 'imported') return [];
    if (!isFit(instance, version, 'not_failing', now)) return [];
    return [{ ...instance, labels: { ...version.labels, ...instance.labels } }];
  });
  return { service, instances };
}

export const cloudMapRoutes: Route[] = [
  route({
    method: 'POST',
    path: '/services/cloud-map/export',
    summary: 'Bring a namespace of AWS Cloud Map in line with the registry',
    description:
      'What others registered there is left alone. Again, it changes nothing. A laptop refuses it.',
    needs: needs('register_service'),
    body: Export,
    responses: { 200: Exported },
    async handler({ body }) {
      await namespaceId(body.namespace);
      const { items, next } =
        body.service === undefined
          ? await listServices(mostServices, undefined)
          : { items: [await readService(body.service)], next: undefined };
      const services = await Promise.all(items.map(({ name }) => exportable(name)));
      const exported = await exportServices(body.namespace, services);
      return { status: 200, body: { ...exported, complete: exported.complete && next === undefined } };
    },
  }),
  route({
    method: 'POST',
    path: '/services/cloud-map/import',
    summary: 'Register what others registered in a namespace of AWS Cloud Map, with a lease of an hour',
    description: 'Services and versions have to be registered; what cannot be an instance is named with why.',
    needs: needs('register_service'),
    body: Import,
    responses: { 200: Imported },
    handler: async ({ body, caller }) => ({
      status: 200,
      body: await importNamespace(body.namespace, body.version, caller.subject),
    }),
  }),
];
