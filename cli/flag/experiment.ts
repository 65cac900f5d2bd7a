import { Command } from 'commander';
import { Run } from '#flags/experiments/run-schemas.ts';
import { call } from '../client.ts';
import { print, printJson } from '../output.ts';
import { platformOf } from '../platform.ts';
import { environmentOption } from './options.ts';
import { flagPath } from './path.ts';

interface Options {
  environment: string;
  why: string;
  control?: string;
  json?: boolean;
}

/** `theseus flag experiment restart checkout --environment production --why "the split was wrong"`. */
export const flagExperimentRestart = (): Command =>
  new Command('restart')
    .description('Begin the next run of an experiment, without the users of the one before')
    .argument('<flag>')
    .addOption(environmentOption())
    .requiredOption('--why <text>', 'for those who read the numbers later')
    .option('--control <variant>', 'the variant that others are compared with')
    .option('--json', 'print JSON')
    .action(async (flag: string, { environment, json, ...body }: Options, command: Command) => {
      const begun = await call(await platformOf(command), {
        method: 'POST',
        path: flagPath(environment, 'flags', flag, 'experiment'),
        body,
        answer: Run,
      });
      if (json) return printJson(begun);
      print(`Run ${begun.run} of ${flag} began; others are compared with ${begun.control}.`);
    });
