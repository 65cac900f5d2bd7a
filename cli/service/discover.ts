import { Command, Option } from 'commander';
import { Discovery } from '#services/discovery/schemas.ts';
import { call } from '../client.ts';
import { print, printJson, table } from '../output.ts';
import { limitOption } from '../paging.ts';
import { platformOf } from '../platform.ts';

interface Options {
  range?: string;
  health?: string;
  label: string[];
  zone?: string;
  choice?: string;
  consumer?: string;
  limit: number;
  json?: boolean;
}

const collect = (value: string, former: string[]): string[] => [...former, value];

const loadOf = ({ load, inFlight }: { load: number | null; inFlight: number | null }): string => {
  if (load !== null) return `${Math.round(load * 100)} %`;
  return inFlight === null ? '–' : `${inFlight} in flight`;
};

/** `theseus service discover orders --range ^1.2`: the instances that may be asked. */
export const serviceDiscover = (): Command =>
  new Command('discover')
    .description('Instances of a service that may be asked')
    .argument('<service>')
    .option('--range <range>', 'versions as npm reads them; any released one when absent')
    .addOption(
      new Option('--health <health>', 'how healthy (default: passing)').choices([
        'passing',
        'not_failing',
        'any',
      ]),
    )
    .option('--label <name=value>', 'of the instance or of its version, several times', collect, [])
    .option('--zone <zone>', "the caller's own, for --choice zone_aware")
    .addOption(
      new Option('--choice <choice>', 'list them in the order in which they are to be tried').choices([
        'weighted',
        'least_loaded',
        'zone_aware',
      ]),
    )
    .option('--consumer <name>', 'only versions that this consumer goes on with')
    .addOption(limitOption(100))
    .option('--json', 'print JSON')
    .action(async (service: string, { json, label, ...query }: Options, command: Command) => {
      const labels = label.map((pair) => `label=${encodeURIComponent(pair)}`).join('&');
      const found = await call(await platformOf(command), {
        method: 'GET',
        path: `/services/${service}/discover${labels === '' ? '' : `?${labels}`}`,
        query: { ...query },
        answer: Discovery,
      });
      if (json) return printJson(found);
      const rows = found.items.map((one) => [
        one.version,
        one.url,
        one.zone ?? '–',
        String(one.weight),
        one.health,
        loadOf(one),
        one.id,
      ]);
      const head = ['VERSION', 'URL', 'ZONE', 'WEIGHT', 'HEALTH', 'LOAD', 'ID'];
      if (rows.length === 0) {
        print(`No instance of ${service} answers this question.`);
        print('Those that fail, or were not probed yet, are shown with --health any.');
      } else for (const line of table([head, ...rows])) print(line);
      for (const { version, why } of found.excluded) print(`Not ${version}: ${why}`);
      if (found.more > 0) print(`and ${found.more} more`);
    });
