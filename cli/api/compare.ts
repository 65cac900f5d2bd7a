import { Command, Option } from 'commander';
import { ApiComparison } from '#apis/registry/version-schemas.ts';
import type { Change } from '#compatibility/changes.ts';
import { call } from '../client.ts';
import { exitCode } from '../failure.ts';
import { colours, print, printJson } from '../output.ts';
import { platformOf } from '../platform.ts';
import { apiPath } from './path.ts';

const mostExample = 300;
const painted = { breaking: colours.red, warning: colours.yellow, info: (text: string) => text };

function printChange({ level, rule, pointer, message, example, remedy, usedBy }: Change): void {
  print(`  ${painted[level](level)} ${rule} ${pointer}`);
  print(`    ${message}`);
  if (usedBy !== undefined && usedBy.length > 0) print(`    used by ${usedBy.join(', ')}`);
  if (example !== undefined) {
    print(`    for example ${JSON.stringify(example.document).slice(0, mostExample)}`);
    print(`    which the ${example.refusedBy} version refuses: ${example.reason}`);
  }
  if (level !== 'info') print(`    ${remedy}`);
}

/** What one version changes after another. */
export function printComparison(found: ApiComparison): void {
  const { api, from, to, compatible, counts, number, usage, changes, more } = found;
  if (from === null) {
    print(`${api} ${to}: there is nothing before it.`);
    return;
  }
  const verdict = compatible ? colours.green('breaks nothing') : colours.red('breaks its consumers');
  print(
    `${api} ${to} after ${from}: ${verdict}; ${counts.breaking} breaking, ${counts.warning} warnings, ${counts.info} others.`,
  );
  if (number !== null) print(number.enough ? number.message : colours.yellow(number.message));
  if (usage !== null)
    print(`Weighed by what was used from ${usage.from.slice(0, 10)} to ${usage.to.slice(0, 10)}.`);
  for (const change of changes) printChange(change);
  if (more > 0) print(`  and ${more} more`);
}

/** `theseus api compare orders 1.0.0 2.0.0`. Exit 3 when it breaks. */
export const apiCompare = (): Command =>
  new Command('compare')
    .description('What it changes to go from one registered version to another; files: api diff')
    .argument('<api>')
    .argument('<from>')
    .argument('<to>')
    .addOption(
      new Option('--fail-on <level>', 'what ends with exit code 3')
        .choices(['breaking', 'warning', 'never'])
        .default('breaking'),
    )
    .option('--mode <mode>', 'of JSON Schemas: BACKWARD, FORWARD, FULL, each also with _TRANSITIVE')
    .option('--json', 'print JSON')
    .action(
      async (
        api: string,
        from: string,
        to: string,
        { failOn, mode, json }: { failOn: string; mode?: string; json?: boolean },
        command: Command,
      ) => {
        const found = await call(await platformOf(command), {
          method: 'GET',
          path: apiPath(api, 'compare'),
          query: { from, to, mode },
          answer: ApiComparison,
        });
        if (json) printJson(found);
        else printComparison(found);
        const { breaking, warning } = found.counts;
        if (failOn !== 'never' && breaking + (failOn === 'warning' ? warning : 0) > 0)
          process.exitCode = exitCode.refused;
      },
    );
