import type { Change, Verdict } from '../changes.ts';
import { type ChangeGroup, grouped, levels, levelTitles } from './groups.ts';

export interface ChangelogHead {
  /** The name of the API. */
  title: string;
  /** The versions, as they are to be called. */
  from: string;
  to: string;
}

/** So many places are named of one change. */
const MOST_PLACES = 10;

/**
 * The changes from one version to the next as Markdown: what breaks first, each once with all places where it is felt, an
 * example, the remedy, and why its level is another than the rule's. Texts of users are escaped.
 */
export function changelogMarkdown(
  { compatible, bump, changes }: Verdict,
  { title, from, to }: ChangelogHead,
): string {
  const verdict =
    changes.length === 0
      ? 'Nothing changed that the description promises.'
      : compatible
        ? `Nothing breaks. The version number has to grow by a ${bump} version at least.`
        : `Who relied on ${plain(from)} may fail: the version number has to grow by a ${bump} version.`;
  const groups = grouped(changes);
  const sections = levels.flatMap((level) => {
    const own = groups.filter(({ change }) => change.level === level);
    if (own.length === 0) return [];
    return [`## ${levelTitles[level]} (${own.length})`, ...own.map(item)];
  });
  return `${[`# ${plain(title)}: ${plain(from)} → ${plain(to)}`, verdict, ...sections].join('\n\n')}\n`;
}

function item({ change, message, places }: ChangeGroup): string {
  const more = places.length > MOST_PLACES ? ` and ${places.length - MOST_PLACES} more` : '';
  const lines = [
    `- **${code(change.rule)}** ${plain(message)}`,
    `  At ${places.slice(0, MOST_PLACES).map(code).join(', ')}${more}.`,
  ];
  if (change.level !== 'info') lines.push(`  *Instead:* ${plain(change.remedy)}`);
  for (const { by, from, reason } of change.adjusted ?? [])
    lines.push(`  *Was ${from}* (${by}): ${plain(reason)}`);
  return [lines.join('\\\n'), ...example(change)].join('\n\n');
}

function example({ example: shown }: Change): string[] {
  if (!shown) return [];
  const { document, acceptedBy, refusedBy, reason } = shown;
  const text = JSON.stringify(document, null, 2) ?? 'nothing';
  const cut = text.length > 2_000 ? `${text.slice(0, 2_000)}\n…` : text;
  // A fence longer than any in the text ends it and nothing else does.
  const fence = '`'.repeat(Math.max(3, ...[...cut.matchAll(/`+/g)].map(([run]) => run.length + 1)));
  const said = `The ${acceptedBy} version takes this, and the ${refusedBy} one says that ${plain(reason)}:`;
  return [said, `${fence}json\n${cut}\n${fence}`].map((block) => block.replaceAll(/^/gm, '  '));
}

/** Text in which nothing is Markdown or HTML, on one line. */
const plain = (text: string): string =>
  text
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/[\\`*_[\]<>#|~]/g, (character) =>
      character === '<' ? '&lt;' : character === '>' ? '&gt;' : `\\${character}`,
    )
    .replaceAll(/&(?!lt;|gt;)/g, '&amp;');

/** Text between backticks, more of them than it has in a row itself. */
function code(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ');
  const fence = '`'.repeat(Math.max(0, ...[...line.matchAll(/`+/g)].map(([run]) => run.length)) + 1);
  const space = /^`|`$/.test(line) ? ' ' : '';
  return `${fence}${space}${line}${space}${fence}`;
}
