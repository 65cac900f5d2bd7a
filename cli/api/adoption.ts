import { writeFile } from 'node:fs/promises';
import { Command } from 'commander';
import { Adoption } from '#apis/usage/adoption.ts';
import { chartOf } from '#apis/usage/chart.ts';
import { call } from '../client.ts';
import { numberOf } from '../number.ts';
import { print, printJson, table } from '../output.ts';
import { platformOf } from '../platform.ts';
import { apiPath } from './path.ts';

/** `theseus api adoption orders --svg adoption.svg`. */
export const apiAdoption = (): Command =>
  new Command('adoption')
    .description('Who uses which version of an API')
    .argument('<api>')
    .option('--days <number>', 'up to today', numberOf, 30)
    .option('--svg <file>', 'write a picture of it')
    .option('--json', 'print JSON: every day, too')
    .action(
      async (
        api: string,
        { days, svg, json }: { days: number; svg?: string; json?: boolean },
        command: Command,
      ) => {
        const found = await call(await platformOf(command), {
          method: 'GET',
          path: apiPath(api, 'adoption'),
          query: { days },
          answer: Adoption,
        });
        if (svg !== undefined) await writeFile(svg, chartOf(found));
        if (json) return printJson(found);
        const rows = found.versions
          .toReversed()
          .map(({ version, requests, share, consumers, moreConsumers }) => [
            version,
            String(requests),
            `${Math.round(share * 100)} %`,
            [
              ...consumers
                .slice(0, 5)
                .map(({ consumer, lastSeen }) => `${consumer} (${lastSeen.slice(0, 10)})`),
              ...(consumers.length + moreConsumers > 5
                ? [`and ${consumers.length + moreConsumers - 5} more`]
                : []),
            ].join(', ') || '–',
          ]);
        print(`${api} from ${found.from} to ${found.to}`);
        for (const line of table([['VERSION', 'REQUESTS', 'SHARE', 'CONSUMERS (LAST SEEN)'], ...rows]))
          print(line);
        if (svg !== undefined) print(`The picture is in ${svg}.`);
      },
    );
