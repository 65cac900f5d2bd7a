import { readFileSync } from 'node:fs';

/** A fenced block of a guide: what its info string says is done with it. */
export interface Block {
  language: string;
  /** `run`, `terminal`, `file`, `plan`, `output` or `example`. */
  kind: string;
  /** Exit code that is expected; for SQL, not 0 means an error is expected. */
  exit: number;
  text: string;
  /** Of the opening fence, from 1. */
  line: number;
}

const kinds = ['run', 'plan', 'terminal', 'file', 'output', 'example'];

/**
 * The fenced blocks of a Markdown file. The word after the language says what a block is:
 *
 *     ```sh run              run in order, in one folder; must end with exit=<code>, 0 unless told
 *     ```sh terminal         started in a terminal of its own and left running
 *     ```sql run             run on the guide's database as its administrator; exit=1: must be refused
 *     ```yaml file           written into the folder under the name that its first line has: `# a.yaml`, `-- a.sql`
 *     ```yaml plan            the same, and planned on the guide's database
 *     ```text output         lines that the block before must have printed, in this order; … stands for anything
 *     ```sh example          shown only
 *
 * @throws Error for a block that does not say what it is: nothing in a guide is unchecked by accident.
 */
export function readBlocks(path: string): Block[] {
  const blocks: Block[] = [];
  let open: Block | undefined;
  for (const [at, line] of readFileSync(path, 'utf8').split('\n').entries()) {
    const fence = /^```(.*)$/.exec(line);
    if (!fence) {
      if (open) open.text += `${line}\n`;
    } else if (open) {
      blocks.push(open);
      open = undefined;
    } else {
      open = opened(fence[1] ?? '', at + 1, path);
    }
  }
  if (open) throw new Error(`${path}:${open.line}: the block does not end`);
  return blocks;
}

function opened(info: string, line: number, path: string): Block {
  const [language = '', ...words] = info.trim().split(/\s+/);
  const kind = words.find((word) => kinds.includes(word));
  if (kind === undefined) {
    throw new Error(
      `${path}:${line}: \`\`\`${info} does not say what it is: expected one of ${kinds.join(', ')}`,
    );
  }
  const exit = Number(/\bexit=(\d+)/.exec(info)?.[1] ?? 0);
  return { language, kind, exit, text: '', line };
}

const plain = (line: string) => line.trim().replaceAll(/\s+/g, ' ');
const literally = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
/** psql's line between head and rows. */
const isRule = (line: string) => /^[-+ ]*$/.test(line);

/** The first line of `expected` that `printed` does not have in its place; undefined when all are there, in order. */
export function missingLine(expected: string, printed: string): string | undefined {
  const lines = printed.split('\n').map(plain);
  let from = 0;
  for (const wanted of expected.split('\n').map(plain)) {
    if (isRule(wanted)) continue;
    const pattern = wanted.split('…').map(literally).join('.*');
    const found = lines.findIndex((line, at) => at >= from && new RegExp(`^${pattern}$`).test(line));
    if (found < 0) return wanted;
    from = found + 1;
  }
  return undefined;
}
