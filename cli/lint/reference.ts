import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { rules } from '#migrations/lint/registry.ts';
import type { Rule } from '#migrations/lint/rule.ts';

/** The last line of docs/lint.md that is written by hand. */
const mark = '<!-- Made by `node cli/lint/reference.ts` from the rules themselves. -->\n';
const file = new URL('../../docs/lint.md', import.meta.url);

function section({ id, severity, title, lock, why, advice, aliases = [] }: Rule): string {
  return [
    `### ${id}`,
    '',
    `${title}. **${severity}**${lock === null ? '' : `, takes ${lock}`}`,
    '',
    why,
    '',
    `Instead: ${advice}`,
    '',
    ...(aliases.length === 0
      ? []
      : [`Also known as ${aliases.map((alias) => `\`${alias}\``).join(', ')}.`, '']),
  ].join('\n');
}

/** Every rule in Markdown. */
export const ruleReference = (): string => rules.map(section).join('\n');

/** docs/lint.md as it should be, and as it is. */
export function ruleReferenceFile(): { should: string; is: string } {
  const is = readFileSync(file, 'utf8');
  const end = is.indexOf(mark);
  if (end < 0) throw new Error(`${fileURLToPath(file)} has no line ${mark}`);
  return { is, should: `${is.slice(0, end + mark.length)}\n${ruleReference().trimEnd()}\n` };
}

if (import.meta.main) writeFileSync(file, ruleReferenceFile().should);
