import { Command } from 'commander';
import { z } from 'zod';
import { Consumer, ConsumerPage, PinView } from '#apis/consumers/schemas.ts';
import { call } from '../client.ts';
import { print, printJson, table } from '../output.ts';
import { cursorOption, limitOption, type PageOptions, printMore } from '../paging.ts';
import { platformOf } from '../platform.ts';
import { apiPath } from './path.ts';

const consumerPath = (id: string): string => apiPath('consumers', id);
const collect = (value: string, former: string[]): string[] => [...former, value];

interface SetOptions {
  name?: string;
  email: string[];
  webhook?: string;
  json?: boolean;
}

/** `theseus api consumer set shop --name 'The shop' --email shop@example.com`. */
export const apiConsumerSet = (): Command =>
  new Command('set')
    .description('Say who a consumer is and where it is told of what goes away')
    .argument('<consumer>', 'as requests name it')
    .option('--name <name>', 'for people; its id unless said')
    .option('--email <address>', 'several times', collect, [])
    .option('--webhook <url>', 'gets signed messages after Standard Webhooks')
    .option('--json', 'print JSON')
    .action(async (id: string, { name = id, email, webhook, json }: SetOptions, command: Command) => {
      const set = await call(await platformOf(command), {
        method: 'PUT',
        path: consumerPath(id),
        body: { name, contacts: { emails: email, webhook: webhook ?? null } },
        answer: Consumer,
      });
      if (json) printJson(set);
      else print(`${set.id} is ${set.name}.`);
    });

const pinsText = ({ pins }: Consumer): string =>
  Object.entries(pins)
    .map(([api, version]) => `${api} ${version}`)
    .join(', ') || '–';

/** `theseus api consumer list`. */
export const apiConsumerList = (): Command =>
  new Command('list')
    .description('Consumers of APIs, by id')
    .addOption(limitOption(20))
    .addOption(cursorOption())
    .option('--json', 'print JSON')
    .action(async ({ limit, cursor, json }: PageOptions, command: Command) => {
      const page = await call(await platformOf(command), {
        method: 'GET',
        path: '/apis/consumers',
        query: { limit, cursor },
        answer: ConsumerPage,
      });
      if (json) return printJson(page);
      const rows = page.items.map((one) => [
        one.id,
        one.name,
        [...one.contacts.emails, ...(one.contacts.webhook === null ? [] : [one.contacts.webhook])].join(
          ', ',
        ) || '–',
        pinsText(one),
      ]);
      for (const line of table([['CONSUMER', 'NAME', 'TOLD AT', 'PINNED TO'], ...rows])) print(line);
      printMore(page);
    });

/** `theseus api consumer show shop`. */
export const apiConsumerShow = (): Command =>
  new Command('show')
    .description('A consumer, where it is told and what it is pinned to')
    .argument('<consumer>')
    .option('--json', 'print JSON')
    .action(async (id: string, { json }: { json?: boolean }, command: Command) => {
      const platform = await platformOf(command);
      const shown = await call(platform, { method: 'GET', path: consumerPath(id), answer: Consumer });
      if (json) return printJson(shown);
      print(`${shown.id}: ${shown.name}`);
      for (const email of shown.contacts.emails) print(`  told at ${email}`);
      if (shown.contacts.webhook !== null) print(`  told at ${shown.contacts.webhook}`);
      print(`  pinned to ${pinsText(shown)}`);
    });

/** `theseus api consumer remove shop`. */
export const apiConsumerRemove = (): Command =>
  new Command('remove')
    .description('Forget a consumer and its pins')
    .argument('<consumer>')
    .action(async (id: string, _options: object, command: Command) => {
      const platform = await platformOf(command);
      await call(platform, { method: 'DELETE', path: consumerPath(id), answer: z.undefined() });
      print(`${id} is forgotten.`);
    });

/** `theseus api pin orders shop 1.0.0`. */
export const apiPin = (): Command =>
  new Command('pin')
    .description('Pin a consumer to a version: its requests that name none are for this one')
    .argument('<api>')
    .argument('<consumer>')
    .argument('<version>')
    .option('--json', 'print JSON')
    .action(
      async (
        api: string,
        consumer: string,
        version: string,
        { json }: { json?: boolean },
        command: Command,
      ) => {
        const pinned = await call(await platformOf(command), {
          method: 'PUT',
          path: apiPath(api, 'pins', consumer),
          body: { version },
          answer: PinView,
        });
        if (json) return printJson(pinned);
        print(`${consumer} gets ${api} ${version}${pinned.served ? '' : ', within a minute'}.`);
      },
    );

/** `theseus api unpin orders shop`. */
export const apiUnpin = (): Command =>
  new Command('unpin')
    .description('Take a pin back: the consumer gets the default version')
    .argument('<api>')
    .argument('<consumer>')
    .action(async (api: string, consumer: string, _options: object, command: Command) => {
      await call(await platformOf(command), {
        method: 'DELETE',
        path: apiPath(api, 'pins', consumer),
        answer: z.undefined(),
      });
      print(`${consumer} gets the default version of ${api}.`);
    });
