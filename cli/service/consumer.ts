import { Command } from 'commander';
import { z } from 'zod';
import { ConsumerPage, ConsumerWithVersions } from '#services/consumers/schemas.ts';
import { call } from '../client.ts';
import { readDocument } from '../document.ts';
import { print, printJson, table } from '../output.ts';
import { cursorOption, limitOption, type PageOptions, printMore } from '../paging.ts';
import { platformOf } from '../platform.ts';

interface SetOptions {
  range: string;
  contract: string;
  json?: boolean;
}

const pathOf = (service: string, consumer: string): string => `/services/${service}/consumers/${consumer}`;

/** `theseus service consumer set orders kiosk --range ^1.0.0 --contract kiosk.yaml` */
export const consumerSet = (): Command =>
  new Command('set')
    .description('Say what a consumer uses of a service')
    .argument('<service>')
    .argument('<consumer>')
    .requiredOption('--range <range>', 'versions that it was made for')
    .requiredOption('--contract <file>', 'YAML or JSON: the endpoints, fields and events it uses')
    .option('--json', 'print JSON')
    .action(async (service: string, consumer: string, options: SetOptions, command: Command) => {
      const contract = await readDocument(options.contract);
      const set = await call(await platformOf(command), {
        method: 'PUT',
        path: pathOf(service, consumer),
        body: { range: options.range, contract },
        answer: ConsumerWithVersions,
      });
      if (options.json) return printJson(set);
      print(`${consumer} goes on with ${service} ${set.versions.join(', ') || 'in no registered version'}.`);
      for (const { version, why } of set.excluded) print(`Not with ${version}: ${why}`);
    });

/** `theseus service consumer list orders` */
export const consumerList = (): Command =>
  new Command('list')
    .description('Consumers of a service')
    .argument('<service>')
    .addOption(limitOption(20))
    .addOption(cursorOption())
    .option('--json', 'print JSON')
    .action(async (service: string, { limit, cursor, json }: PageOptions, command: Command) => {
      const page = await call(await platformOf(command), {
        method: 'GET',
        path: `/services/${service}/consumers`,
        query: { limit, cursor },
        answer: ConsumerPage,
      });
      if (json) return printJson(page);
      const rows = page.items.map(({ consumer, range, contract, updatedAt }) => [
        consumer,
        range,
        `${contract.endpoints.length} endpoints, ${contract.events.length} events`,
        updatedAt,
      ]);
      for (const line of table([['CONSUMER', 'RANGE', 'USES', 'SAID'], ...rows])) print(line);
      printMore(page);
    });

/** `theseus service consumer remove orders kiosk` */
export const consumerRemove = (): Command =>
  new Command('remove')
    .description('Forget a consumer')
    .argument('<service>')
    .argument('<consumer>')
    .action(async (service: string, consumer: string, _options: object, command: Command) => {
      await call(await platformOf(command), {
        method: 'DELETE',
        path: pathOf(service, consumer),
        answer: z.undefined(),
      });
      print(`${consumer} is forgotten.`);
    });
