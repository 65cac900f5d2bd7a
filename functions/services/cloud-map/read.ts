import {
  ListInstancesCommand,
  ListNamespacesCommand,
  ListServicesCommand,
  ListTagsForResourceCommand,
} from '@aws-sdk/client-servicediscovery';
import { serviceDiscovery } from '#platform/cloud-map-client.ts';
import { currentEnvironment } from '#platform/environment.ts';
import { CloudMapUnavailable } from '../errors.ts';
import { type Attributes, ownMark } from './attributes.ts';

/** Pages of any list: 100 items each. */
const mostPages = 50;

export interface CloudMapService {
  id: string;
  arn: string;
  name: string;
}

export interface CloudMapInstance {
  id: string;
  attributes: Attributes;
}

/** The id of a namespace by its name. Throws CloudMapUnavailable on a laptop, and when there is none. */
export async function namespaceId(name: string): Promise<string> {
  if (currentEnvironment() === 'local') {
    throw new CloudMapUnavailable('AWS Cloud Map is not part of the cloud of a laptop', {
      action: 'Do it in a deployed environment: it uses the Cloud Map of its account and Region.',
    });
  }
  const { Namespaces = [] } = await serviceDiscovery().send(
    new ListNamespacesCommand({ Filters: [{ Name: 'NAME', Condition: 'EQ', Values: [name] }] }),
  );
  const id = Namespaces.find((one) => one.Name === name)?.Id;
  if (id !== undefined) return id;
  throw new CloudMapUnavailable(`AWS Cloud Map has no namespace ${name} here`, {
    evidence: { namespace: name },
    action: 'Create it, or name one of this account and Region: `aws servicediscovery list-namespaces`.',
  });
}

/** The services of a namespace; at most 5,000. */
export async function servicesIn(namespace: string): Promise<CloudMapService[]> {
  const found: CloudMapService[] = [];
  let token: string | undefined;
  for (let page = 0; page < mostPages; page += 1) {
    const { Services = [], NextToken } = await serviceDiscovery().send(
      new ListServicesCommand({
        Filters: [{ Name: 'NAMESPACE_ID', Condition: 'EQ', Values: [namespace] }],
        MaxResults: 100,
        ...(token === undefined ? {} : { NextToken: token }),
      }),
    );
    for (const { Id, Arn, Name } of Services)
      if (Id !== undefined && Arn !== undefined && Name !== undefined)
        found.push({ id: Id, arn: Arn, name: Name });
    token = NextToken;
    if (token === undefined) break;
  }
  return found;
}

/** Whether an export made a service: by its tag. */
export async function isOurs({ arn, name }: CloudMapService): Promise<boolean> {
  const { Tags = [] } = await serviceDiscovery().send(new ListTagsForResourceCommand({ ResourceARN: arn }));
  return Tags.some(({ Key, Value }) => Key === ownMark && Value === name);
}

/** The instances of a service; at most 5,000. */
export async function instancesIn(service: string): Promise<CloudMapInstance[]> {
  const found: CloudMapInstance[] = [];
  let token: string | undefined;
  for (let page = 0; page < mostPages; page += 1) {
    const { Instances = [], NextToken } = await serviceDiscovery().send(
      new ListInstancesCommand({
        ServiceId: service,
        MaxResults: 100,
        ...(token === undefined ? {} : { NextToken: token }),
      }),
    );
    for (const { Id, Attributes: attributes = {} } of Instances)
      if (Id !== undefined) found.push({ id: Id, attributes });
    token = NextToken;
    if (token === undefined) break;
  }
  return found;
}
