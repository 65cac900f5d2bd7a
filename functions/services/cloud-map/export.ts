import {
  CreateServiceCommand,
  DeregisterInstanceCommand,
  RegisterInstanceCommand,
} from '@aws-sdk/client-servicediscovery';
import { serviceDiscovery } from '#platform/cloud-map-client.ts';
import { attributesOf, type Exportable, ownMark, sameAttributes } from './attributes.ts';
import { type CloudMapService, instancesIn, isOurs, namespaceId, servicesIn } from './read.ts';
import type { Exported } from './schemas.ts';

/** Changes of one call: each is a request, and an answer is due within half a minute. */
const mostChanges = 150;

/** A service of ours with the instances that callers may find. */
export interface ServiceToExport {
  service: string;
  instances: Exportable[];
}

/** A service that is found by API calls alone: no DNS names are made in somebody's zone. */
async function create(namespace: string, service: string): Promise<string | undefined> {
  const { Service } = await serviceDiscovery().send(
    new CreateServiceCommand({
      Name: service,
      NamespaceId: namespace,
      Type: 'HTTP',
      // The same name in the same namespace twice is one service.
      CreatorRequestId: `theseus-${service}`,
      Description: 'Exported by Theseus',
      Tags: [{ Key: ownMark, Value: service }],
    }),
  );
  return Service?.Id;
}

/**
 * Brings the services of a namespace in line with ours: registers what is new or changed, deregisters ours that are gone.
 * What others made is left alone. Again, it changes nothing. Throws CloudMapUnavailable.
 */
export async function exportServices(
  namespace: string,
  services: readonly ServiceToExport[],
): Promise<Exported> {
  const id = await namespaceId(namespace);
  const existing = new Map((await servicesIn(id)).map((one) => [one.name, one]));
  const budget = { left: mostChanges };
  const answer: Exported = { namespace, services: [], complete: true };
  for (const one of services) {
    if (budget.left <= 0) {
      answer.complete = false;
      break;
    }
    answer.services.push(await exportOne(id, one, existing.get(one.service), budget));
  }
  answer.complete &&= budget.left >= 0;
  return answer;
}

async function exportOne(
  namespace: string,
  { service, instances }: ServiceToExport,
  existing: CloudMapService | undefined,
  budget: { left: number },
): Promise<Exported['services'][number]> {
  const done = { service, created: false, registered: 0, deregistered: 0, unchanged: 0 };
  if (existing !== undefined && !(await isOurs(existing))) {
    return { ...done, skipped: 'There is a service of this name that Theseus did not make' };
  }
  const id = existing?.id ?? (await create(namespace, service));
  if (id === undefined) return { ...done, skipped: 'Cloud Map answered without the id of the new service' };
  const there = new Map(
    (existing === undefined ? [] : await instancesIn(id)).map((one) => [one.id, one.attributes]),
  );
  /** False when the call has done as much as it may. */
  const mayChange = () => {
    budget.left -= 1;
    return budget.left >= 0;
  };
  for (const instance of instances) {
    const attributes = attributesOf(instance);
    const found = there.get(instance.id);
    there.delete(instance.id);
    if (found !== undefined && sameAttributes(found, attributes)) done.unchanged += 1;
    else if (mayChange()) {
      await serviceDiscovery().send(
        new RegisterInstanceCommand({ ServiceId: id, InstanceId: instance.id, Attributes: attributes }),
      );
      done.registered += 1;
    }
  }
  for (const [gone, attributes] of there) {
    if (attributes[ownMark] !== service || !mayChange()) continue;
    await serviceDiscovery().send(new DeregisterInstanceCommand({ ServiceId: id, InstanceId: gone }));
    done.deregistered += 1;
  }
  return { ...done, created: existing === undefined, skipped: null };
}
