import { Command } from 'commander';
import { layerText } from '#configuration/resolution/layers.ts';
import { SecretPage } from '#configuration/secrets/views.ts';
import { call } from '../client.ts';
import { print, printJson, table } from '../output.ts';
import { cursorOption, limitOption, type PageOptions, printMore } from '../paging.ts';
import { platformOf } from '../platform.ts';
import { pathOf } from './options.ts';

/** `theseus config secret list`. */
export const configSecretList = (): Command =>
  new Command('list')
    .description('Secrets: how they are sealed, and which should have another value')
    .addOption(limitOption(50))
    .addOption(cursorOption())
    .option('--json', 'print JSON')
    .action(async (options: PageOptions, command: Command) => {
      const { limit, cursor } = options;
      const page = await call(await platformOf(command), {
        method: 'GET',
        path: pathOf('secrets'),
        query: { limit, cursor },
        answer: SecretPage,
      });
      if (options.json) return printJson(page);
      const rows = page.items.map(({ key, version, algorithm, sealedAt, current, rotateBy, overdue }) => [
        `${key.namespace}/${key.key}`,
        layerText(key),
        String(version),
        `${algorithm}${current ? '' : ' (outdated)'}`,
        sealedAt,
        rotateBy === null ? '' : `${rotateBy.slice(0, 10)}${overdue ? ' (overdue)' : ''}`,
      ]);
      for (const line of table([['KEY', 'LAYER', 'VERSION', 'ALGORITHM', 'SEALED', 'ROTATE BY'], ...rows]))
        print(line);
      printMore(page);
    });
