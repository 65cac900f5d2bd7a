import { Command } from 'commander';
import { StandingViolation } from '#configuration/compliance/schemas.ts';
import { Drift } from '#configuration/drift/schemas.ts';
import { pageOf } from '#platform/page.ts';
import { call } from '../client.ts';
import { print, printJson, table } from '../output.ts';
import { platformOf } from '../platform.ts';
import { instanceLines, publicationLines } from './drift-text.ts';
import { pathOf } from './options.ts';
import { keyText } from './update-text.ts';

interface Options {
  now?: boolean;
  json?: boolean;
}

/** The last look, or one that is made now. */
const asked = (what: string, now: boolean | undefined) =>
  now
    ? ({ method: 'POST', path: pathOf(what, 'check') } as const)
    : ({ method: 'GET', path: pathOf(what) } as const);

/** `theseus config compliance`: what breaks rules, and which layer says so. */
export const configCompliance = (): Command =>
  new Command('compliance')
    .description('What breaks rules, for whom, and which layer says so')
    .option('--now', 'look now, not at what the last look found')
    .option('--json', 'print JSON')
    .action(async ({ now, json }: Options, command: Command) => {
      const answer = pageOf(StandingViolation);
      const page = await call(await platformOf(command), { ...asked('compliance', now), answer });
      if (json) return printJson(page);
      if (page.items.length === 0) return print('No rule is broken.');
      const rows = page.items.map(({ rule, level, key, from, problem, since }) => [
        rule,
        level,
        keyText(key),
        from === null ? 'default' : keyText(from),
        problem,
        since,
      ]);
      for (const line of table([['RULE', 'LEVEL', 'KEY', 'FROM', 'PROBLEM', 'SINCE'], ...rows])) print(line);
    });

/** `theseus config drift`: where something else is in force than what holds, at services and at AppConfig. */
export const configDrift = (): Command =>
  new Command('drift')
    .description('Where something else is in force than what holds, at services and at AppConfig')
    .option('--now', 'look now, not at what the last look found')
    .option('--json', 'print JSON')
    .action(async ({ now, json }: Options, command: Command) => {
      const page = await call(await platformOf(command), { ...asked('drift', now), answer: pageOf(Drift) });
      if (json) return printJson(page);
      if (page.items.length === 0)
        return print('What services and AppConfig have in force is what is stored.');
      for (const drift of page.items)
        for (const line of drift.of === 'instance' ? instanceLines(drift) : publicationLines(drift))
          print(line);
    });
