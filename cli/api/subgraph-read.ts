import { Command } from 'commander';
import { SubgraphPage, SubgraphWithText, SupergraphView, UnusedPage } from '#apis/graphs/schemas.ts';
import { call } from '../client.ts';
import { colours, print, printJson, table } from '../output.ts';
import { cursorOption, limitOption, type PageOptions, printMore } from '../paging.ts';
import { platformOf } from '../platform.ts';
import { apiPath } from './path.ts';

/** `theseus api subgraph list shop`. */
export const apiSubgraphList = (): Command =>
  new Command('list')
    .description('Subgraphs of a GraphQL API, by name')
    .argument('<api>')
    .addOption(limitOption(20))
    .addOption(cursorOption())
    .option('--json', 'print JSON')
    .action(async (api: string, { limit, cursor, json }: PageOptions, command: Command) => {
      const page = await call(await platformOf(command), {
        method: 'GET',
        path: apiPath(api, 'subgraphs'),
        query: { limit, cursor },
        answer: SubgraphPage,
      });
      if (json) return printJson(page);
      const rows = page.items.map((one) => [one.name, one.url ?? '–', one.updatedAt, one.updatedBy]);
      for (const line of table([['SUBGRAPH', 'URL', 'PUBLISHED', 'BY'], ...rows])) print(line);
      printMore(page);
    });

/** `theseus api subgraph show shop users`: its schema. */
export const apiSubgraphShow = (): Command =>
  new Command('show')
    .description('Print the schema of a subgraph')
    .argument('<api>')
    .argument('<name>')
    .option('--json', 'print JSON')
    .action(async (api: string, name: string, { json }: { json?: boolean }, command: Command) => {
      const shown = await call(await platformOf(command), {
        method: 'GET',
        path: apiPath(api, 'subgraphs', name),
        answer: SubgraphWithText,
      });
      if (json) printJson(shown);
      else print(shown.sdl.replace(/\n$/, ''));
    });

/** `theseus api subgraph supergraph shop > supergraph.graphql`: what a router runs on. */
export const apiSubgraphSupergraph = (): Command =>
  new Command('supergraph')
    .description('Print the supergraph that a router runs on')
    .argument('<api>')
    .option('--json', 'print JSON, with how it came about')
    .action(async (api: string, { json }: { json?: boolean }, command: Command) => {
      const shown = await call(await platformOf(command), {
        method: 'GET',
        path: apiPath(api, 'supergraph'),
        answer: SupergraphView,
      });
      if (json) printJson(shown);
      else print(shown.supergraphSdl.replace(/\n$/, ''));
    });

/** `theseus api subgraph unused shop`: what is deprecated, who asks for it, what may go. */
export const apiSubgraphUnused = (): Command =>
  new Command('unused')
    .description('What is deprecated in a GraphQL API, who asks for it, and whether it may go')
    .argument('<api>')
    .addOption(limitOption(50))
    .addOption(cursorOption())
    .option('--json', 'print JSON')
    .action(async (api: string, { limit, cursor, json }: PageOptions, command: Command) => {
      const page = await call(await platformOf(command), {
        method: 'GET',
        path: apiPath(api, 'supergraph', 'deprecated'),
        query: { limit, cursor },
        answer: UnusedPage,
      });
      if (json) return printJson(page);
      const rows = page.items.map(({ element, removal, usedBy, removable, reason }) => [
        element,
        removal ?? 'no day',
        usedBy.length > 0 ? `used by ${usedBy.join(', ')}` : removable ? colours.green('may go') : '–',
        reason,
      ]);
      for (const line of table([['DEPRECATED', 'REMOVAL', 'USE', 'REASON'], ...rows])) print(line);
      printMore(page);
    });
