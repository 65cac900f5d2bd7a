import { Command } from 'commander';
import { Compatibility } from '#services/schemas.ts';
import { call } from '../client.ts';
import { exitCode, Failure } from '../failure.ts';
import { printJson } from '../output.ts';
import { platformOf } from '../platform.ts';
import { compareFiles, goesOn, printCompatibility } from './describe.ts';
import { readContract, readRegistration } from './file.ts';

interface Options {
  from?: string;
  to?: string;
  json?: boolean;
}

async function compare(first: string, second: string | undefined, options: Options, command: Command) {
  const { from, to } = options;
  if (second !== undefined) {
    return compareFiles('The contract', await readContract(first), await readContract(second));
  }
  const platform = await platformOf(command);
  if (to !== undefined) {
    return call(platform, {
      method: 'GET',
      path: `/services/${first}/compatibility`,
      query: { from, to },
      answer: Compatibility,
    });
  }
  const { service, body } = await readRegistration(first);
  if (body.contract === null) {
    throw new Failure(`${first} has no contract.`, {
      code: exitCode.refused,
      action: 'Add what it promises as `contract`.',
    });
  }
  return call(platform, {
    method: 'POST',
    path: `/services/${service}/compatibility`,
    body: { version: body.version, contract: body.contract },
    answer: Compatibility,
  });
}

/** `theseus service compatibility orders.yaml`: what it would break. Exit 3 when it breaks somebody or its number is too low. */
export const serviceCompatibility = (): Command =>
  new Command('compatibility')
    .description(
      'Ask what a version changes and breaks; exit 3 when it breaks somebody or its number is too low',
    )
    .argument(
      '<file or service>',
      'a file to be registered; with --to a service; before a new file the old one',
    )
    .argument('[new file]', 'compare two files, registrations or contracts, without a platform')
    .option('--from <version>', 'with --to: the registered version that it takes the place of')
    .option('--to <version>', 'a registered version')
    .option('--json', 'print JSON')
    .action(async (first: string, second: string | undefined, options: Options, command: Command) => {
      const found = await compare(first, second, options, command);
      if (options.json) printJson(found);
      else printCompatibility(found);
      const broken = second !== undefined && found.number === null && !found.compatible;
      if (broken || !goesOn(found)) process.exitCode = exitCode.refused;
    });
