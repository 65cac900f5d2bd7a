import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { attach } from '#local/attach.ts';
import { forgetClients } from '#platform/clients.ts';
import { serviceDiscovery } from '#platform/cloud-map-client.ts';
import { type Attributes, attributesOf, type Exportable, readAttributes } from './attributes.ts';
import { exportServices } from './export.ts';
import { readNamespace } from './import.ts';

interface Kept {
  name: string;
  tags: { Key: string; Value: string }[];
  instances: Map<string, Attributes>;
}

/** AWS Cloud Map as far as it is asked, which writes down what changes it. */
function cloudMap() {
  const services = new Map<string, Kept>();
  const changes: [string, object][] = [];
  const kept = (id: string): Kept => {
    const found = services.get(id);
    if (found === undefined) throw new Error(`There is no service ${id}`);
    return found;
  };
  /** Sixty a page, so that what comes after the first is read. */
  function page<T>(items: T[], token: string | undefined): { items: T[]; NextToken?: string } {
    const from = Number(token ?? 0);
    const more = from + 60 < items.length ? { NextToken: String(from + 60) } : {};
    return { items: items.slice(from, from + 60), ...more };
  }
  const handlers = {
    ListNamespaces: async ({ Filters: [filter] }: { Filters: { Values: string[] }[] }) => ({
      Namespaces: filter?.Values[0] === 'shop' ? [{ Id: 'ns-1', Name: 'shop' }] : [],
    }),
    ListServices: async ({ NextToken }: { NextToken?: string }) => {
      const { items, ...more } = page([...services], NextToken);
      return { Services: items.map(([Id, { name }]) => ({ Id, Arn: `arn:${Id}`, Name: name })), ...more };
    },
    ListTagsForResource: async ({ ResourceARN }: { ResourceARN: string }) => ({
      Tags: kept(ResourceARN.slice(4)).tags,
    }),
    ListInstances: async ({ ServiceId, NextToken }: { ServiceId: string; NextToken?: string }) => {
      const { items, ...more } = page([...kept(ServiceId).instances], NextToken);
      return { Instances: items.map(([Id, attributes]) => ({ Id, Attributes: attributes })), ...more };
    },
    CreateService: async (input: { Name: string; Tags: Kept['tags'] }) => {
      changes.push(['CreateService', input]);
      const id = `srv-${input.Name}`;
      services.set(id, { name: input.Name, tags: input.Tags, instances: new Map() });
      return { Service: { Id: id } };
    },
    RegisterInstance: async (input: { ServiceId: string; InstanceId: string; Attributes: Attributes }) => {
      changes.push(['RegisterInstance', input]);
      kept(input.ServiceId).instances.set(input.InstanceId, input.Attributes);
      return { OperationId: 'op-1' };
    },
    DeregisterInstance: async (input: { ServiceId: string; InstanceId: string }) => {
      changes.push(['DeregisterInstance', input]);
      kept(input.ServiceId).instances.delete(input.InstanceId);
      return { OperationId: 'op-2' };
    },
  };
  attach(serviceDiscovery(), 'ServiceDiscovery', handlers);
  return { services, changes };
}

const environment = { ...process.env };
beforeEach(() => {
  forgetClients();
  Object.assign(process.env, { THESEUS_ENVIRONMENT: 'dev', AWS_REGION: 'eu-central-1' });
});
afterEach(() => {
  forgetClients();
  for (const name of ['THESEUS_ENVIRONMENT', 'AWS_REGION']) {
    if (environment[name] === undefined) delete process.env[name];
    else process.env[name] = environment[name];
  }
});

const instance = (at: number, more: Partial<Exportable> = {}): Exportable => ({
  id: `ins_${at}`,
  service: 'orders',
  version: '1.2.0',
  url: `http://10.0.0.${at}:8080`,
  zone: 'eu-central-1a',
  weight: 50,
  labels: { tier: 'gold', name: 'Gänse' },
  ...more,
});
const orders = (...instances: Exportable[]) => [{ service: 'orders', instances }];

describe('an export to AWS Cloud Map', () => {
  it('makes the service, registers its instances, and again changes nothing', async () => {
    const { changes } = cloudMap();
    const three = orders(instance(1), instance(2), instance(3));
    expect(await exportServices('shop', three)).toEqual({
      namespace: 'shop',
      complete: true,
      services: [
        { service: 'orders', created: true, registered: 3, deregistered: 0, unchanged: 0, skipped: null },
      ],
    });
    expect(changes.slice(0, 2)).toEqual([
      [
        'CreateService',
        {
          Name: 'orders',
          NamespaceId: 'ns-1',
          Type: 'HTTP',
          CreatorRequestId: 'theseus-orders',
          Description: 'Exported by Theseus',
          Tags: [{ Key: 'THESEUS', Value: 'orders' }],
        },
      ],
      [
        'RegisterInstance',
        {
          ServiceId: 'srv-orders',
          InstanceId: 'ins_1',
          Attributes: {
            THESEUS: 'orders',
            VERSION: '1.2.0',
            URL: 'http://10.0.0.1:8080',
            WEIGHT: '50',
            AWS_INSTANCE_IPV4: '10.0.0.1',
            AWS_INSTANCE_PORT: '8080',
            AVAILABILITY_ZONE: 'eu-central-1a',
            LABEL_tier: 'gold',
          },
        },
      ],
    ]);
    expect((await exportServices('shop', three)).services).toMatchObject([
      { created: false, registered: 0, unchanged: 3 },
    ]);
    expect(changes).toHaveLength(4);
  });

  it('follows what changed, and leaves alone what others registered', async () => {
    const { changes, services } = cloudMap();
    await exportServices('shop', orders(instance(1), instance(2)));
    services.get('srv-orders')?.instances.set('i-ecs', { AWS_INSTANCE_IPV4: '10.0.0.9' });
    changes.length = 0;
    const again = await exportServices('shop', orders(instance(1, { weight: 10 })));
    expect(again.services).toMatchObject([{ registered: 1, deregistered: 1, unchanged: 0 }]);
    expect(changes).toEqual([
      ['RegisterInstance', expect.objectContaining({ InstanceId: 'ins_1' })],
      ['DeregisterInstance', { ServiceId: 'srv-orders', InstanceId: 'ins_2' }],
    ]);
  });

  it('touches no service of the same name that it did not make', async () => {
    const { changes, services } = cloudMap();
    services.set('srv-1', { name: 'orders', tags: [], instances: new Map() });
    expect((await exportServices('shop', orders(instance(1)))).services).toMatchObject([
      { registered: 0, skipped: expect.stringContaining('did not make') },
    ]);
    expect(changes).toEqual([]);
  });

  it('does no more than one call may, and goes on at the next', async () => {
    cloudMap();
    const many = orders(...Array.from({ length: 200 }, (_, at) => instance(at)));
    expect(await exportServices('shop', many)).toMatchObject({
      complete: false,
      services: [{ registered: 150 }],
    });
    expect(await exportServices('shop', many)).toMatchObject({
      complete: true,
      services: [{ registered: 50, unchanged: 150 }],
    });
  });

  it('is refused for a namespace that is not there, and on a laptop', async () => {
    cloudMap();
    await expect(exportServices('nowhere', [])).rejects.toMatchObject({
      name: 'CloudMapUnavailable',
      message: expect.stringContaining('nowhere'),
    });
    process.env.THESEUS_ENVIRONMENT = 'local';
    await expect(exportServices('shop', [])).rejects.toMatchObject({
      name: 'CloudMapUnavailable',
      message: expect.stringContaining('laptop'),
    });
  });
});

describe('an import from AWS Cloud Map', () => {
  it('reads what others registered, and names what it cannot use', async () => {
    const { services } = cloudMap();
    await exportServices('shop', orders(instance(1)));
    services.get('srv-orders')?.instances.set('i-1', {
      AWS_INSTANCE_IPV4: '10.0.0.9',
      AWS_INSTANCE_PORT: '80',
      AVAILABILITY_ZONE: 'eu-central-1b',
    });
    services.set('srv-2', { name: 'Old_Name', tags: [], instances: new Map([['i-2', {}]]) });
    const { found } = await readNamespace('shop', '1.0.0');
    expect(found).toEqual([
      {
        service: 'orders',
        instance: 'i-1',
        read: { version: '1.0.0', url: 'http://10.0.0.9:80', zone: 'eu-central-1b', weight: 100 },
      },
      { service: 'Old_Name', instance: 'i-2', read: expect.stringContaining('lower-case') },
    ]);
  });

  it.each([
    [{}, undefined, 'no attribute VERSION'],
    [{ VERSION: 'v1' }, '1.0.0', 'found v1'],
    [{ VERSION: '1.0.0' }, undefined, 'AWS_INSTANCE_IPV4'],
    [{ VERSION: '1.0.0', URL: 'orders' }, undefined, 'AWS_INSTANCE_IPV4'],
  ])('cannot use %j', (attributes, version, why) => {
    expect(readAttributes(attributes, version)).toContain(why);
  });

  it('reads an export as what was exported', () => {
    const { version, url, zone, weight } = instance(7);
    expect(readAttributes(attributesOf(instance(7)), undefined)).toEqual({ version, url, zone, weight });
    const six = instance(8, { url: 'https://[2001:db8::1]' });
    expect(attributesOf(six)).toMatchObject({ AWS_INSTANCE_IPV6: '2001:db8::1', AWS_INSTANCE_PORT: '443' });
  });
});
