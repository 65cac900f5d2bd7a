import type { Verdict } from '#compatibility/changes.ts';
import { grouped, levels } from '#compatibility/report/groups.ts';
import { colours, count } from '../output.ts';

const [MOST_PLACES, LONGEST] = [5, 300];
const painted = { breaking: colours.red, warning: colours.yellow, info: (text: string) => text };

/** What changed, for a terminal: what breaks first, each once with the places where it is felt. */
export function diffText({ compatible, bump, changes }: Verdict, old: string, next: string): string {
  const lines: string[] = [];
  const groups = grouped(changes);
  for (const level of levels) {
    for (const { change, message, places } of groups.filter((one) => one.change.level === level)) {
      const { rule, pointer, example, remedy, adjusted = [] } = change;
      lines.push(`${painted[level](level)} ${rule} ${pointer}`, `  ${message}`);
      const more = places.length > MOST_PLACES ? ` and ${count(places.length - MOST_PLACES)} more` : '';
      lines.push(`  at ${places.slice(0, MOST_PLACES).join(', ')}${more}`);
      for (const { by, from, reason } of adjusted) lines.push(`  was ${from} (${by}): ${reason}`);
      if (example) {
        const document = JSON.stringify(example.document) ?? 'nothing';
        const cut = document.length > LONGEST ? `${document.slice(0, LONGEST)}…` : document;
        lines.push(
          `  for example ${cut}`,
          `  which the ${example.refusedBy} version refuses: ${example.reason}`,
        );
      }
      if (level !== 'info') lines.push(`  instead: ${remedy}`);
      lines.push('');
    }
  }
  const number = (level: string) => count(groups.filter(({ change }) => change.level === level).length);
  const counts = `${number('breaking')} breaking, ${number('warning')} warnings, ${number('info')} others`;
  const verdict = compatible ? colours.green('breaks nothing') : colours.red('breaks who uses it');
  const version = bump === 'none' ? 'nothing changed' : `a ${bump} version at least`;
  lines.push(`${next} after ${old} ${verdict}: ${counts}; ${version}.`);
  return `${lines.join('\n')}\n`;
}
