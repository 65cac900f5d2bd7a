import { type Block, type Document, type Inline, isAddress, type Line } from './document.ts';

/** What would be read as markup, with a backslash before it; line breaks become blanks. */
const escaped = (text: string): string =>
  text
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/[\\`*_{}[\]<>#|~&]/g, '\\$&')
    .replace(/^(\s*)([-+]|\d+[.)])(?=\s)/, '$1\\$2');

/** The shortest run of backticks that is not in a text. */
function fence(text: string, least: number): string {
  const runs = (text.match(/`+/g) ?? []).map((run) => run.length);
  return '`'.repeat(Math.max(least, ...runs.map((length) => length + 1)));
}

function code(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ');
  const ticks = fence(line, 1);
  const pad = line.startsWith('`') || line.endsWith('`') ? ' ' : '';
  return `${ticks}${pad}${line}${pad}${ticks}`;
}

/** What would end an address, as its bytes. */
const address = (link: string): string =>
  link.replaceAll(/[()<>\s]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);

function inline(part: Inline): string {
  if (typeof part === 'string') return escaped(part);
  if ('code' in part) return code(part.code);
  if ('strong' in part) return `**${escaped(part.strong)}**`;
  return isAddress(part.link) ? `[${escaped(part.text)}](${address(part.link)})` : escaped(part.text);
}

const line = (parts: Line): string => parts.map(inline).join('').trim();
/** In a cell a bar ends it, in code, too. */
const cell = (parts: Line): string =>
  parts
    .map((part) =>
      typeof part === 'object' && 'code' in part ? inline(part).replaceAll('|', '\\|') : inline(part),
    )
    .join('');

function block(one: Block): string {
  if (one.kind === 'heading') return `${'#'.repeat(one.level)} ${line(one.text)}`;
  if (one.kind === 'paragraph') return line(one.text);
  if (one.kind === 'list') {
    return one.items.map((item, at) => `${one.ordered ? `${at + 1}.` : '-'} ${line(item)}`).join('\n');
  }
  if (one.kind === 'code') {
    const ticks = fence(one.text, 3);
    return `${ticks}${one.language}\n${one.text}\n${ticks}`;
  }
  const rows = [one.head.map(escaped), one.head.map(() => '---'), ...one.rows.map((row) => row.map(cell))];
  return rows.map((row) => `| ${row.join(' | ')} |`).join('\n');
}

/** A document as Markdown (CommonMark, with tables). Texts of others stay texts: nothing in them is markup. */
export const asMarkdown = ({ title, blocks }: Document): string =>
  `${[`# ${escaped(title)}`, ...blocks.map(block)].join('\n\n')}\n`;
