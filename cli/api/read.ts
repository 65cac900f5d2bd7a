import { Command } from 'commander';
import { ApiPage, ApiView } from '#apis/schemas.ts';
import { call } from '../client.ts';
import { colours, print, printJson, table } from '../output.ts';
import { cursorOption, limitOption, type PageOptions, printMore } from '../paging.ts';
import { platformOf } from '../platform.ts';
import { apiPath } from './path.ts';

/** `theseus api list`: one page of the APIs, by name. */
export const apiList = (): Command =>
  new Command('list')
    .description('APIs, by name')
    .addOption(limitOption(20))
    .addOption(cursorOption())
    .option('--json', 'print JSON')
    .action(async ({ limit, cursor, json }: PageOptions, command: Command) => {
      const page = await call(await platformOf(command), {
        method: 'GET',
        path: '/apis',
        query: { limit, cursor },
        answer: ApiPage,
      });
      if (json) return printJson(page);
      const rows = page.items.map(({ name, kind, latest, versions, service }) => [
        name,
        kind,
        latest ?? '–',
        String(versions),
        service ?? '–',
      ]);
      for (const line of table([['API', 'KIND', 'LATEST', 'VERSIONS', 'SERVED BY'], ...rows])) print(line);
      printMore(page);
    });

/** What a choice of versions looks like in a request. */
export function choiceText({ choice }: Pick<ApiView, 'choice'>): string {
  if (choice.by === 'header') return `by the header ${choice.name}`;
  if (choice.by === 'query') return `by the query parameter ${choice.name}`;
  return choice.by === 'path' ? `by the path ${choice.template}` : `by the media type ${choice.template}`;
}

/** `theseus api show orders`: what an API is, and its versions. */
export const apiShow = (): Command =>
  new Command('show')
    .description('An API: its kind, how versions are chosen, and which there are')
    .argument('<api>')
    .option('--json', 'print JSON')
    .action(async (name: string, { json }: { json?: boolean }, command: Command) => {
      const shown = await call(await platformOf(command), {
        method: 'GET',
        path: apiPath(name),
        answer: ApiView,
      });
      if (json) return printJson(shown);
      print(`${shown.name}: ${shown.kind}, served by ${shown.service ?? 'nobody yet'}`);
      print(`  versions are chosen ${choiceText(shown)}, consumers named by ${shown.consumer.header}`);
      for (const { version, status } of shown.versions) {
        const marks = [
          ...(version === shown.latest ? ['latest'] : []),
          ...(version === shown.defaultVersion ? ['default'] : []),
          ...(status === 'active' ? [] : [status]),
        ];
        print(`  ${version}${marks.length > 0 ? ` (${marks.join(', ')})` : ''}`);
      }
      if (shown.versions.length === 0) print('  no versions yet');
      const { upToDate, problem } = shown.served;
      if (problem !== null) print(colours.red(`  the gateway does not take it: ${problem}`));
      else if (!upToDate) print('  the gateway will have its newest state within a minute');
    });
