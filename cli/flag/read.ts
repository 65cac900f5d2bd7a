import { Command, Option } from 'commander';
import { FlagDiff, FlagHistory, FlagPage, FlagView } from '#flags/schemas.ts';
import { call } from '../client.ts';
import { colours, print, printJson, table } from '../output.ts';
import { cursorOption, limitOption, type PageOptions, printMore } from '../paging.ts';
import { platformOf } from '../platform.ts';
import { environmentOption } from './options.ts';
import { flagPath } from './path.ts';
import { flagLines, versionRow } from './text.ts';

type Listed = PageOptions & { environment: string; tag?: string; kind?: string; killed?: boolean };

/** `theseus flag list --environment production`. */
export const flagList = (): Command =>
  new Command('list')
    .description('Flags of an environment, by key')
    .addOption(environmentOption())
    .option('--tag <tag>', 'only those that have it')
    .addOption(
      new Option('--kind <kind>', 'only these').choices([
        'release',
        'experiment',
        'operational',
        'permission',
      ]),
    )
    .option('--killed', 'only those that a kill switch holds off')
    .addOption(limitOption(50))
    .addOption(cursorOption())
    .option('--json', 'print JSON')
    .action(async (options: Listed, command: Command) => {
      const { environment, tag, kind, killed, limit, cursor, json } = options;
      const page = await call(await platformOf(command), {
        method: 'GET',
        path: flagPath(environment, 'flags'),
        query: { limit, cursor, tag, kind, killed: killed === true ? 'true' : undefined },
        answer: FlagPage,
      });
      if (json) return printJson(page);
      const rows = page.items.map((one) => [
        one.key,
        one.kind,
        one.form,
        one.killed ? colours.red('killed') : one.enabled ? 'enabled' : 'switched off',
        String(one.version),
        one.owner,
      ]);
      for (const line of table([['FLAG', 'KIND', 'DECIDES BY', 'STATE', 'VERSION', 'OWNER'], ...rows]))
        print(line);
      printMore(page);
    });

interface One {
  environment: string;
  json?: boolean;
}

/** `theseus flag show checkout --environment production`. */
export const flagShow = (): Command =>
  new Command('show')
    .description('A flag: who gets which variant, and who said so')
    .argument('<flag>')
    .addOption(environmentOption())
    .option('--json', 'print JSON')
    .action(async (key: string, { environment, json }: One, command: Command) => {
      const shown = await call(await platformOf(command), {
        method: 'GET',
        path: flagPath(environment, 'flags', key),
        answer: FlagView,
      });
      if (json) return printJson(shown);
      const owner = shown.owner === '' ? '' : `, owned by ${shown.owner}`;
      print(`${shown.key} in ${environment}: ${shown.kind}, version ${shown.version}${owner}`);
      if (shown.killed !== null) print(colours.red(`  killed by ${shown.killed.by}: ${shown.killed.why}`));
      for (const line of flagLines(shown)) print(`  ${line}`);
      const values = Object.entries(shown.variants).map(
        ([name, value]) => `${name} = ${JSON.stringify(value)}`,
      );
      print(`  variants: ${values.join(', ')}`);
      const why = shown.why === '' ? '' : `: ${shown.why}`;
      print(`  changed ${shown.updatedAt.slice(0, 19).replace('T', ' ')} by ${shown.updatedBy}${why}`);
    });

/** `theseus flag history checkout --environment production`. */
export const flagHistory = (): Command =>
  new Command('history')
    .description('Versions of a flag, newest first: who changed what, when and why')
    .argument('<flag>')
    .addOption(environmentOption())
    .addOption(limitOption(20))
    .addOption(cursorOption())
    .option('--json', 'print JSON')
    .action(async (key: string, options: PageOptions & One, command: Command) => {
      const { environment, limit, cursor, json } = options;
      const page = await call(await platformOf(command), {
        method: 'GET',
        path: flagPath(environment, 'flags', key, 'history'),
        query: { limit, cursor },
        answer: FlagHistory,
      });
      if (json) return printJson(page);
      const rows = page.items.map(versionRow);
      for (const line of table([['VERSION', 'WHEN', 'BY', 'WHAT', 'DECIDES', 'WHY'], ...rows])) print(line);
      printMore(page);
    });

/** `theseus flag diff checkout --from 3 --environment production`. */
export const flagDiff = (): Command =>
  new Command('diff')
    .description('Where two versions of a flag differ')
    .argument('<flag>')
    .addOption(environmentOption())
    .requiredOption('--from <version>', 'the older one')
    .option('--to <version>', 'the newer one (default: the newest)')
    .option('--json', 'print JSON')
    .action(async (key: string, options: One & { from: string; to?: string }, command: Command) => {
      const { environment, from, to, json } = options;
      const diff = await call(await platformOf(command), {
        method: 'GET',
        path: flagPath(environment, 'flags', key, 'diff'),
        query: { from, to },
        answer: FlagDiff,
      });
      if (json) return printJson(diff);
      print(`${key}: version ${diff.from} → ${diff.to}`);
      for (const { pointer, before, after } of diff.differences) {
        if (before !== undefined) print(colours.red(`  - ${pointer || '/'} ${JSON.stringify(before)}`));
        if (after !== undefined) print(colours.green(`  + ${pointer || '/'} ${JSON.stringify(after)}`));
      }
      if (diff.differences.length === 0) print('  nothing differs');
    });
