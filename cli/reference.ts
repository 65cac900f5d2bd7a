import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Command, Option } from 'commander';
import { wholeProgram } from './program.ts';

/** The last line of docs/cli.md that is written by hand. */
const mark = '<!-- Made by `node cli/reference.ts` from the commands themselves. -->\n';
const file = new URL('../docs/cli.md', import.meta.url);

const cell = (text: string): string => text.replaceAll('|', '\\|');

function row(option: Option): string {
  const given = option.defaultValue;
  const stated = given === undefined || typeof given === 'object' ? '' : ` (default: ${String(given)})`;
  const needed = option.mandatory ? ' **Required.**' : '';
  return `| \`${cell(option.flags)}\` | ${cell(option.description)}${stated}.${needed} |`;
}

function optionTable(command: Command): string[] {
  if (command.options.length === 0) return [];
  return ['| option | |', '| --- | --- |', ...command.options.map(row), ''];
}

function section(path: string, command: Command): string[] {
  const args = command.registeredArguments.map((one) =>
    one.required ? `<${one.name()}>` : `[${one.name()}]`,
  );
  const described = command.registeredArguments.filter((one) => one.description !== '');
  return [
    `### ${[path, ...args].join(' ')}`,
    '',
    `${command.description()}.`,
    '',
    ...described.flatMap((one) => [`\`${one.name()}\`: ${one.description}.`, '']),
    ...optionTable(command),
  ];
}

/** A verb, or the verbs of a noun and of the nouns inside it. */
const sections = (path: string, command: Command): string[] =>
  command.commands.length === 0
    ? section(path, command)
    : command.commands.flatMap((inner) => sections(`${path} ${inner.name()}`, inner));

/** The verbs in Markdown: every argument and option as commander knows them. */
export async function reference(): Promise<string> {
  const program = await wholeProgram();
  const verbs = program.commands.flatMap((noun) => sections(noun.name(), noun));
  const lines = ['Before the noun, for all:', '', ...optionTable(program), ...verbs];
  return `${lines.join('\n').trimEnd()}\n`;
}

/** docs/cli.md as it should be: what is written by hand, then the verbs. */
export async function currentPage(): Promise<{ found: string; expected: string }> {
  const found = readFileSync(file, 'utf8');
  const [byHand] = found.split(mark);
  return { found, expected: `${byHand}${mark}\n${await reference()}` };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(file, (await currentPage()).expected);
