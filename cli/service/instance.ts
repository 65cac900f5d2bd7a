import { Command } from 'commander';
import { z } from 'zod';
import { Instance, InstanceList, Lease } from '#services/instances/schemas.ts';
import { call } from '../client.ts';
import { numberOf } from '../number.ts';
import { print, printJson, table } from '../output.ts';
import { platformOf } from '../platform.ts';

interface AddOptions {
  zone?: string;
  weight?: number;
  lease: number;
  label: string[];
  json?: boolean;
}

interface BeatOptions {
  load?: number;
  inFlight?: number;
  draining?: boolean;
}

const collect = (value: string, former: string[]): string[] => [...former, value];
const pathOf = (service: string, version: string): string =>
  `/services/${service}/versions/${encodeURIComponent(version)}/instances`;
const pairOf = (text: string): [string, string] => {
  const [name = '', ...rest] = text.split('=');
  return [name, rest.join('=')];
};
/** A verb about one version. */
const about = (verb: string, description: string): Command =>
  new Command(verb).description(description).argument('<service>').argument('<version>');

/** `theseus service instance add orders 1.2.0 http://10.0.3.7:8080`: registers an instance with a lease. */
export const instanceAdd = (): Command =>
  about('add', 'Register an instance with a lease, or renew that of the one with this URL')
    .argument('<url>')
    .option('--lease <seconds>', 'how long it is found without a heartbeat, 10–3600', numberOf, 60)
    .option('--zone <zone>', 'where it runs')
    .option('--weight <weight>', 'its share of requests beside the others, 0–1000', numberOf)
    .option('--label <name=value>', 'several times', collect, [])
    .option('--json', 'print JSON')
    .action(async (service: string, version: string, url: string, options: AddOptions, command: Command) => {
      const { lease, zone, weight, label, json } = options;
      const instance = await call(await platformOf(command), {
        method: 'POST',
        path: pathOf(service, version),
        body: { url, zone, weight, labels: Object.fromEntries(label.map(pairOf)), leaseSeconds: lease },
        answer: Instance,
      });
      if (json) return printJson(instance);
      print(
        `${instance.id}: ${instance.health.status}, found until ${instance.leaseUntil ?? 'it is removed'}`,
      );
      print(`Next: npx theseus service instance heartbeat ${service} ${version} ${instance.id}`);
    });

/** `theseus service instance heartbeat orders 1.2.0 ins_…`: prolongs its lease. */
export const instanceHeartbeat = (): Command =>
  about('heartbeat', 'Prolong the lease of an instance')
    .argument('<id>')
    .option('--load <share>', 'how much of what it can do it does now, 0–1', numberOf)
    .option('--in-flight <requests>', 'requests that it works on now', numberOf)
    .option('--draining', 'it takes nothing new')
    .action(async (service: string, version: string, id: string, options: BeatOptions, command: Command) => {
      const { load, inFlight, draining } = options;
      const { leaseUntil } = await call(await platformOf(command), {
        method: 'PUT',
        path: `${pathOf(service, version)}/${id}/heartbeat`,
        body: { load, inFlight, draining },
        answer: Lease,
      });
      print(`${id} is found until ${leaseUntil ?? 'it is removed'}.`);
    });

/** `theseus service instance remove orders 1.2.0 ins_…` */
export const instanceRemove = (): Command =>
  about('remove', 'Remove an instance')
    .argument('<id>')
    .action(async (service: string, version: string, id: string, _options: object, command: Command) => {
      await call(await platformOf(command), {
        method: 'DELETE',
        path: `${pathOf(service, version)}/${id}`,
        answer: z.undefined(),
      });
      print(`${id} is removed.`);
    });

/** `theseus service instance list orders 1.2.0`: all of them, whatever their health. */
export const instanceList = (): Command =>
  about('list', 'Instances of a version, whatever their health')
    .option('--json', 'print JSON')
    .action(async (service: string, version: string, { json }: { json?: boolean }, command: Command) => {
      const list = await call(await platformOf(command), {
        method: 'GET',
        path: pathOf(service, version),
        answer: InstanceList,
      });
      if (json) return printJson(list);
      const rows = list.items.map((one) => [
        one.id,
        one.kind,
        one.url,
        one.zone ?? '–',
        one.draining ? 'draining' : one.health.status,
        one.health.detail ?? '–',
        one.expired ? 'expired' : (one.leaseUntil ?? '–'),
      ]);
      for (const line of table([
        ['ID', 'KIND', 'URL', 'ZONE', 'HEALTH', 'LAST PROBE', 'LEASE UNTIL'],
        ...rows,
      ]))
        print(line);
    });
