import { Command, Option } from 'commander';
import { Finding, FlagLifecyclePage } from '#flags/lifecycle/schemas.ts';
import { call } from '../client.ts';
import { numberOf } from '../number.ts';
import { colours, print, printJson, table } from '../output.ts';
import { cursorOption, limitOption, type PageOptions, printMore } from '../paging.ts';
import { platformOf } from '../platform.ts';
import { environmentOption } from './options.ts';
import { flagPath } from './path.ts';

interface Options extends PageOptions {
  environment: string;
  finding?: string;
  staleDays?: number;
  unusedDays?: number;
}

/** `theseus flag lifecycle --environment production --finding settled`. */
export const flagLifecycle = (): Command =>
  new Command('lifecycle')
    .description('Where flags are in their life, and which could go')
    .addOption(environmentOption())
    .addOption(new Option('--finding <finding>', 'only flags with this finding').choices(Finding.options))
    .option('--stale-days <number>', 'unchanged for so many days: stale; else 60', numberOf)
    .option('--unused-days <number>', 'not used for so many days: unused; else 30', numberOf)
    .addOption(limitOption(50))
    .addOption(cursorOption())
    .option('--json', 'print JSON')
    .action(async ({ environment, json, ...query }: Options, command: Command) => {
      const page = await call(await platformOf(command), {
        method: 'GET',
        path: flagPath(environment, 'lifecycle'),
        query,
        answer: FlagLifecyclePage,
      });
      if (json) return printJson(page);
      const rows = page.items.map(({ flag, kind, owner, stage, lastUsed, references, findings }) => [
        flag,
        kind,
        owner || '–',
        stage,
        lastUsed?.slice(0, 10) ?? '–',
        references === null ? '–' : String(references),
        findings.map(({ finding, detail }) => `${colours.yellow(finding)}: ${detail}`).join('; ') || '–',
      ]);
      const head = ['FLAG', 'KIND', 'OWNER', 'STAGE', 'LAST USED', 'IN CODE', 'FINDINGS'];
      for (const line of table([head, ...rows])) print(line);
      printMore(page);
    });
