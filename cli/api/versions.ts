import { Command } from 'commander';
import { z } from 'zod';
import { ApiVersionPage, DescriptionText } from '#apis/registry/version-schemas.ts';
import { call } from '../client.ts';
import { print, printJson, table } from '../output.ts';
import { cursorOption, limitOption, type PageOptions, printMore } from '../paging.ts';
import { platformOf } from '../platform.ts';
import { apiPath } from './path.ts';

/** `theseus api versions orders`: one page of its versions, the newest first. */
export const apiVersions = (): Command =>
  new Command('versions')
    .description('Versions of an API, the newest first')
    .argument('<api>')
    .addOption(limitOption(20))
    .addOption(cursorOption())
    .option('--json', 'print JSON')
    .action(async (api: string, { limit, cursor, json }: PageOptions, command: Command) => {
      const page = await call(await platformOf(command), {
        method: 'GET',
        path: apiPath(api, 'versions'),
        query: { limit, cursor },
        answer: ApiVersionPage,
      });
      if (json) return printJson(page);
      const rows = page.items.map((one) => [
        one.version,
        one.status,
        one.stability,
        one.comparison === null
          ? '–'
          : `${one.comparison.breaking} breaking, ${one.comparison.warnings} warnings after ${one.comparison.with}`,
        one.sunset ?? '–',
        one.registeredAt,
      ]);
      const head = ['VERSION', 'STATUS', 'STABILITY', 'CHANGES', 'SUNSET', 'REGISTERED'];
      for (const line of table([head, ...rows])) print(line);
      printMore(page);
    });

/** `theseus api description orders 1.0.0`: the text that it was registered with. */
export const apiDescription = (): Command =>
  new Command('description')
    .description('Print the description that a version was registered with')
    .argument('<api>')
    .argument('<version>')
    .action(async (api: string, version: string, _options: object, command: Command) => {
      const { text } = await call(await platformOf(command), {
        method: 'GET',
        path: apiPath(api, 'versions', version, 'description'),
        answer: DescriptionText,
      });
      print(text.replace(/\n$/, ''));
    });

interface Options {
  force?: boolean;
  reason?: string;
}

/** `theseus api deregister orders 1.0.0`. */
export const apiDeregister = (): Command =>
  new Command('deregister')
    .description('Forget a version that was a mistake; what consumers know goes away by a deprecation')
    .argument('<api>')
    .argument('<version>')
    .option('--force', 'although consumers are pinned to it')
    .option('--reason <text>', 'why, for the audit trail; needed with --force')
    .action(async (api: string, version: string, { force, reason }: Options, command: Command) => {
      await call(await platformOf(command), {
        method: 'DELETE',
        path: apiPath(api, 'versions', version),
        query: { force: force ? 'true' : undefined, reason },
        answer: z.undefined(),
      });
      print(`${api} ${version} is deregistered.`);
    });
