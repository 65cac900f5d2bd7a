import { Command } from 'commander';
import { type DriftDifference, type FlagDrift, FlagDriftPage } from '#flags/drift/schemas.ts';
import { call } from '../client.ts';
import { colours, print, printJson } from '../output.ts';
import { platformOf } from '../platform.ts';
import { environmentOption } from './options.ts';
import { flagPath } from './path.ts';

interface Options {
  environment: string;
  now?: boolean;
  json?: boolean;
}

/** `theseus flag drift --environment production`: where AppConfig has something else in force than was deployed. */
export const flagDrift = (): Command =>
  new Command('drift')
    .description('Where AppConfig has something else in force than was deployed')
    .addOption(environmentOption())
    .option('--now', 'look now, not at what the last look found')
    .option('--json', 'print JSON')
    .action(async ({ environment, now, json }: Options, command: Command) => {
      const asked = now
        ? ({ method: 'POST', path: flagPath(environment, 'drift', 'check') } as const)
        : ({ method: 'GET', path: flagPath(environment, 'drift') } as const);
      const page = await call(await platformOf(command), { ...asked, answer: FlagDriftPage });
      if (json) return printJson(page);
      if (page.items.length === 0) return print('What was deployed is in force at AppConfig.');
      for (const drift of page.items) for (const line of driftLines(drift)) print(line);
      if (page.items.some(({ remediate }) => !remediate))
        print(`Bring it back with: npx theseus flag environment redeploy ${environment}`);
    });

const placeOf = ({ flag, pointer }: DriftDifference): string =>
  `${flag ?? 'the document'}${pointer === '' ? '' : ` ${pointer}`}`;

function driftLines({ document, revision, since, found, problem, ...more }: FlagDrift): string[] {
  const whose =
    found === null
      ? 'nothing is deployed'
      : `deployment ${found.deployment} has version ${found.version}${found.label === null ? '' : ` (${found.label})`}${found.complete ? '' : ', which readers are getting now'}`;
  return [
    `${document}: revision ${revision} ought to be in force, ${whose}, since ${since}`,
    ...(problem === null ? [] : [`  ${problem}`]),
    ...more.differences.flatMap((one) => [
      ...(one.found === null ? [] : [colours.red(`  - ${placeOf(one)} ${one.found} in force`)]),
      ...(one.expected === null ? [] : [colours.green(`  + ${placeOf(one)} ${one.expected} deployed`)]),
    ]),
    ...(more.redeployedAt === null ? [] : [`  deployed anew at ${more.redeployedAt}`]),
  ];
}
