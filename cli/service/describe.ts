import type { Change } from '#compatibility/changes.ts';
import { checkVersion, compareContracts } from '#compatibility/contracts/compare.ts';
import type { Compatibility } from '#services/schemas.ts';
import { colours, print } from '../output.ts';
import type { readContract } from './file.ts';

const mostExample = 300;

const painted = { breaking: colours.red, warning: colours.yellow, info: (text: string) => text };

function printChange({ level, rule, pointer, message, example, remedy }: Change, indent: string): void {
  print(`${indent}${painted[level](level)} ${rule} ${pointer}`);
  print(`${indent}  ${message}`);
  if (example !== undefined) {
    print(`${indent}  for example ${JSON.stringify(example.document).slice(0, mostExample)}`);
    print(`${indent}  which the ${example.refusedBy} version refuses: ${example.reason}`);
  }
  if (level !== 'info') print(`${indent}  ${remedy}`);
}

/** What one version does to another and to those who depend on it. */
export function printCompatibility(found: Compatibility): void {
  const { service, from, to, compatible, bump, number, changes, more, broken } = found;
  const against = from === null ? 'there is nothing before it' : `after ${from}`;
  const verdict = compatible ? colours.green('breaks nothing') : colours.red('breaks its callers');
  print(
    `${service} ${to}, ${against}: ${verdict}; the changes ask for ${bump === 'none' ? 'no' : `a ${bump}`} version.`,
  );
  if (number !== null) print(number.enough ? number.message : colours.red(number.message));
  for (const change of changes) printChange(change, '  ');
  if (more > 0) print(`  and ${more} more`);
  for (const { service: dependant, version, range, why, builtAgainst, changes: own } of broken) {
    const name = version === null ? dependant : `${dependant} ${version}`;
    const reason =
      why === 'range' ? 'its range does not have this version' : `made against ${builtAgainst ?? 'nothing'}`;
    print(`${colours.red('breaks')} ${name} (${range}): ${reason}`);
    for (const change of own) printChange(change, '  ');
  }
}

/** Whether nobody is broken and the number of the version says what changed. */
export const goesOn = ({ number, broken }: Pick<Compatibility, 'number' | 'broken'>): boolean =>
  broken.length === 0 && (number === null || number.enough);

type Read = Awaited<ReturnType<typeof readContract>>;

/** The same of two files, without any platform: nobody is known who depends on them. */
export function compareFiles(service: string, old: Read, next: Read): Compatibility {
  const { compatible, bump, changes } = compareContracts(old.contract, next.contract);
  const versions = old.version !== null && next.version !== null ? [old.version, next.version] : null;
  const [from = '0.0.0', to = '0.0.0'] = versions ?? [];
  return {
    service,
    from,
    to,
    compatible,
    bump,
    number: versions === null ? null : checkVersion(from, to, { compatible, bump, changes }),
    changes,
    more: 0,
    broken: [],
  };
}
