import { Command } from 'commander';
import { Changes, Differences, ValuePage } from '#configuration/values/views.ts';
import { call } from '../client.ts';
import { exitCode, Failure } from '../failure.ts';
import { print, printJson, table } from '../output.ts';
import { cursorOption, limitOption, type PageOptions, printMore } from '../paging.ts';
import { platformOf } from '../platform.ts';
import { type LayerOptions, layerOf, pathOf, withLayer } from './options.ts';
import { changeLines, shown } from './value-text.ts';

/** `theseus config history limits.orders --namespace shop`: what it was, when, by whom and why. */
export const configHistory = (): Command =>
  withLayer(new Command('history').description('What a value was, the newest first').argument('<key>'))
    .addOption(limitOption(20))
    .addOption(cursorOption())
    .option('--json', 'print JSON')
    .action(async (key: string, options: LayerOptions & PageOptions, command: Command) => {
      const { namespace, limit, cursor, json } = options;
      const page = await call(await platformOf(command), {
        method: 'GET',
        path: pathOf('values', namespace, key, 'history'),
        query: { ...layerOf(options), limit, cursor },
        answer: ValuePage,
      });
      if (json) return printJson(page);
      const rows = page.items.map((item) => [
        String(item.version),
        shown(item),
        item.updatedAt,
        item.updatedBy,
        item.update,
        item.why,
      ]);
      for (const line of table([['VERSION', 'VALUE', 'SINCE', 'BY', 'UPDATE', 'WHY'], ...rows])) print(line);
      printMore(page);
    });

interface DiffOptions extends LayerOptions {
  from?: string;
  to?: string;
  toService?: string;
  toEnvironment?: string;
  toTenant?: string;
  json?: boolean;
}

/** `theseus config diff limits.orders --from 1`: versions of a value. Without a key: what holds for two readers. */
export const configDiff = (): Command =>
  withLayer(
    new Command('diff')
      .description('How versions of a value differ, or what holds for two readers')
      .argument('[key]', 'a value; without it two readers are compared'),
  )
    .option('--from <version>', 'of the value')
    .option('--to <version>', 'of the value; the one that holds unless said')
    .option('--to-service <service>', 'of the other reader')
    .option('--to-environment <environment>', 'of the other reader')
    .option('--to-tenant <tenant>', 'of the other reader')
    .option('--json', 'print JSON')
    .action(async (key: string | undefined, options: DiffOptions, command: Command) => {
      const { namespace, from, to, toService, toEnvironment, toTenant, json } = options;
      if ((key === undefined) !== (from === undefined)) {
        throw new Failure('Expected a key with --from, or neither and another reader.', {
          code: exitCode.usage,
          action:
            'For example: theseus config diff --namespace shop --environment staging --to-environment production',
        });
      }
      const platform = await platformOf(command);
      if (key !== undefined) {
        const found = await call(platform, {
          method: 'GET',
          path: pathOf('values', namespace, key, 'difference'),
          query: { ...layerOf(options), from, to },
          answer: Changes,
        });
        if (json) return printJson(found);
        for (const line of changeLines(found)) print(line);
        return;
      }
      const found = await call(platform, {
        method: 'GET',
        path: pathOf('differences'),
        query: { namespace, ...layerOf(options), toService, toEnvironment, toTenant },
        answer: Differences,
      });
      if (json) return printJson(found);
      for (const item of found.items) for (const line of changeLines(item)) print(line);
      if (found.items.length === 0) print('The same holds for both.');
    });
