import { Command, Option } from 'commander';
import { FlagView } from '#flags/schemas.ts';
import { call } from '../client.ts';
import { print, printJson } from '../output.ts';
import { platformOf } from '../platform.ts';
import { environmentOption, whyOption } from './options.ts';
import { flagPath } from './path.ts';
import { flagLines } from './text.ts';
import { type FlagOptions, formerFlag, namedFields, readStructured } from './written-flag.ts';

interface Options extends FlagOptions {
  environment: string;
  why?: string;
  json?: boolean;
}

/** `theseus flag set checkout --percentage 25 --environment production --why "a quarter first"`. */
export const flagSet = (): Command =>
  new Command('set')
    .description('Make a flag, or change what is named of it; with --file all of it is set')
    .argument('<flag>')
    .addOption(environmentOption())
    .option('--file <file>', 'the whole flag in YAML or JSON: variants, rules, prerequisites, schedule')
    .option('--on', 'the same for everybody')
    .option('--off', 'the same for nobody')
    .option('--percentage <percent>', 'of as many, 0–100 with 3 decimals')
    .option('--users <ids...>', 'of these: their targetingKey')
    .option('--tenants <ids...>', 'of these: the attribute tenant')
    .option('--weights <variant=percent...>', 'each variant of as many; together 100')
    .option(
      '--variants <name=value...>',
      'its variants; values are JSON, else text (default: on=true off=false)',
    )
    .option('--off-variant <name>', 'given when it is switched off or killed')
    .option('--variant <name>', 'which variant they get (default: on)')
    .option('--enabled', 'switch it on again')
    .option('--no-enabled', 'switch it off: its off variant for everybody')
    .option('--description <text>')
    .option('--owner <name>')
    .addOption(new Option('--kind <kind>').choices(['release', 'experiment', 'operational', 'permission']))
    .option('--tag <tags...>', 'none: no tag')
    .option('--expires <day>', 'when it should be gone, 2026-12-31; never: no day')
    .addOption(whyOption())
    .option('--json', 'print JSON')
    .action(async (key: string, options: Options, command: Command) => {
      const platform = await platformOf(command);
      const { environment, why, file, json } = options;
      const { version, fields } = await formerFlag(platform, environment, key);
      const base = file === undefined ? fields : Object(await readStructured(file, 'a flag'));
      const set = await call(platform, {
        method: 'PUT',
        path: flagPath(environment, 'flags', key),
        body: { version, ...base, ...namedFields(options), ...(why === undefined ? {} : { why }) },
        answer: FlagView,
      });
      if (json) return printJson(set);
      print(`${set.key} in ${environment}: version ${set.version}`);
      for (const line of flagLines(set)) print(`  ${line}`);
    });
