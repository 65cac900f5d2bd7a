import { Command } from 'commander';
import { z } from 'zod';
import { Definition, DefinitionPage } from '#configuration/schemas.ts';
import { call } from '../client.ts';
import { print, printJson, table } from '../output.ts';
import { cursorOption, limitOption, type PageOptions, printMore } from '../paging.ts';
import { platformOf } from '../platform.ts';
import { namespaceOption, pathOf } from './options.ts';
import { typeOf } from './types.ts';

/** `theseus config key list --namespace shop`: keys with what their values are. */
export const configKeyList = (): Command =>
  new Command('list')
    .description('Keys, by namespace')
    .option('--namespace <namespace>', 'of this namespace only')
    .addOption(limitOption(50))
    .addOption(cursorOption())
    .option('--json', 'print JSON')
    .action(async (options: PageOptions & { namespace?: string }, command: Command) => {
      const { namespace, limit, cursor, json } = options;
      const page = await call(await platformOf(command), {
        method: 'GET',
        path: pathOf('keys'),
        query: { namespace, limit, cursor },
        answer: DefinitionPage,
      });
      if (json) return printJson(page);
      const rows = page.items.map((item) => [
        `${item.namespace}/${item.key}`,
        item.secret ? 'secret' : typeOf(item.schema).replaceAll(/\s+/g, ' ').slice(0, 40),
        item.owner || '–',
        item.services.join(', ') || '–',
        item.description,
      ]);
      for (const line of table([['KEY', 'TYPE', 'OWNER', 'SERVICES', 'DESCRIPTION'], ...rows])) print(line);
      printMore(page);
    });

/** `theseus config key show limits.orders --namespace shop`: its definition. */
export const configKeyShow = (): Command =>
  new Command('show')
    .description('What a key is defined by')
    .argument('<key>')
    .addOption(namespaceOption())
    .option('--json', 'print JSON')
    .action(
      async (key: string, { namespace, json }: { namespace: string; json?: boolean }, command: Command) => {
        const found = await call(await platformOf(command), {
          method: 'GET',
          path: pathOf('keys', namespace, key),
          answer: Definition,
        });
        print(json ? JSON.stringify(found) : JSON.stringify(found, null, 2));
      },
    );

/** `theseus config key remove limits.orders --namespace shop`: forgets a key without values. */
export const configKeyRemove = (): Command =>
  new Command('remove')
    .description('Forget a key that has no values')
    .argument('<key>')
    .addOption(namespaceOption())
    .action(async (key: string, { namespace }: { namespace: string }, command: Command) => {
      await call(await platformOf(command), {
        method: 'DELETE',
        path: pathOf('keys', namespace, key),
        answer: z.undefined(),
      });
      print(`${namespace}/${key} is forgotten.`);
    });
