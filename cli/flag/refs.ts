import { readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { Command } from 'commander';
import { z } from 'zod';
import { outcomesOf } from '#flags/lifecycle/outcomes.ts';
import { call } from '../client.ts';
import { exitCode, Failure } from '../failure.ts';
import { colours, counted, print, printJson, table } from '../output.ts';
import { platformOf } from '../platform.ts';
import { flagPath } from './path.ts';
import { readSource, type Skipped, sourceFiles } from './refs/files.ts';
import { type CodePlace, collector, type KnownFlag, type RefsReport } from './refs/report.ts';
import { scanner } from './refs/scan.ts';

interface Options {
  environment?: string;
  flags?: string;
  wrapper: string[];
  report?: boolean;
  repository?: string;
  json?: boolean;
}

/** What is needed here of a document of flagd: parsed in full where flags are stored. */
const Document = z.looseObject({
  flags: z.record(z.string(), z.looseObject({})),
  $evaluators: z.unknown().optional(),
});
const Stored = z.looseObject({ flags: Document });

function knownIn({ flags, $evaluators }: z.infer<typeof Document>): KnownFlag[] {
  const now = Math.floor(Date.now() / 1_000);
  return Object.entries(flags).map(([key, flag]) => {
    const [only, ...others] = outcomesOf(flag, $evaluators, now);
    return { key, settled: others.length === 0 && typeof only === 'string' ? only : null };
  });
}

async function fromFile(path: string): Promise<KnownFlag[]> {
  try {
    return knownIn(Document.parse(JSON.parse(await readFile(path, 'utf8'))));
  } catch (cause) {
    const found = cause instanceof z.ZodError ? z.prettifyError(cause) : String(cause);
    throw new Failure(`${path} is no document of flags: ${found.slice(0, 500)}`, {
      code: exitCode.usage,
      action: 'Name a file in the format of flagd: { "flags": { … } }.',
    });
  }
}

/** Where the flags are that there should be: a file, or the platform. @throws Failure (usage) unless it is one of both. */
async function knownFlags({ environment, flags }: Options, command: Command): Promise<KnownFlag[]> {
  if (flags !== undefined && environment === undefined) return fromFile(flags);
  if (environment === undefined || flags !== undefined) {
    throw new Failure('Expected either --environment or --flags.', {
      code: exitCode.usage,
      action: 'Name the environment whose flags there are, or a file in the format of flagd.',
    });
  }
  const stored = await call(await platformOf(command), {
    method: 'GET',
    path: flagPath(environment, 'document'),
    answer: Stored,
  });
  return knownIn(stored.flags);
}

/** `theseus flag refs src --environment production`. */
export const flagRefs = (): Command =>
  new Command('refs')
    .description(
      'Find flags in source code: which nobody names, which are not there, which may go from the code',
    )
    .argument('[path]', 'folder of source code; files that Git ignores are left out', '.')
    .option('-e, --environment <environment>', 'ask the platform which flags there are')
    .option('--flags <file>', 'flags there are, as a document of flagd; needs no platform')
    .option('--wrapper <name...>', 'own functions whose first text is the key of a flag', [])
    .option('--report', 'tell the platform how often each flag is named, for its lifecycle')
    .option('--repository <name>', 'what it is called in the report; else the folder’s name')
    .option('--json', 'print JSON')
    .action(async (path: string, options: Options, command: Command) => {
      const { environment, report } = options;
      if (report && environment === undefined)
        throw new Failure('--report needs --environment.', {
          code: exitCode.usage,
          action: 'Name the environment that is to know of it.',
        });
      const known = await knownFlags(options, command);
      const { found, skipped } = await search(path, known, options.wrapper);
      if (report && environment !== undefined) await send(path, environment, options, found, command);
      if (options.json) printJson({ ...found, skipped });
      else for (const line of refsText(found, skipped)) print(line);
      if (found.unknown.length > 0) process.exitCode = exitCode.refused;
    });

async function search(folder: string, known: readonly KnownFlag[], wrappers: readonly string[]) {
  const scan = scanner(new Set(known.map(({ key }) => key)), wrappers);
  const collected = collector();
  const skipped: Skipped = { tooLarge: 0, binary: 0, unreadable: 0 };
  for (const file of await sourceFiles(folder)) {
    const source = await readSource(join(folder, file));
    if ('text' in source) collected.add(file, scan(source.text));
    else skipped[source.skipped] += 1;
  }
  return { found: collected.report(known), skipped };
}

async function send(
  path: string,
  environment: string,
  { repository = basename(resolve(path)) }: Options,
  { flags }: RefsReport,
  command: Command,
): Promise<void> {
  const counts = flags.flatMap(({ key, references }) => (references > 0 ? [{ flag: key, references }] : []));
  await call(await platformOf(command), {
    method: 'POST',
    path: flagPath(environment, 'references'),
    body: { repository, counts },
    answer: z.undefined(),
  });
}

const mostShown = 5;

function placesText(places: readonly CodePlace[], references: number): string {
  const shown = places.slice(0, mostShown).map(({ file, line, column }) => `${file}:${line}:${column}`);
  return [...shown, ...(references > shown.length ? [`and ${references - shown.length} more`] : [])].join(
    ', ',
  );
}

/** What was found, for people. */
export function refsText(
  { files, flags, unreferenced, unknown, settled }: RefsReport,
  { tooLarge, binary, unreadable }: Skipped,
): string[] {
  const named = flags.filter(({ references }) => references > 0).length;
  const left = tooLarge + binary + unreadable;
  const rows = (list: string[][], head: string[]) =>
    list.length === 0 ? [] : ['', ...table([head, ...list])];
  return [
    `${counted(files, 'file')} ${files === 1 ? 'names' : 'name'} ${named} of ${counted(flags.length, 'flag')}${left === 0 ? '' : `; not looked into, since too large or no text: ${counted(left, 'file')}`}`,
    ...rows(
      unknown.map(({ key, suggestion, references, places }) => [
        colours.red(key),
        suggestion === null ? '–' : suggestion,
        placesText(places, references),
      ]),
      ['NOT THERE', 'PERHAPS', 'WHERE'],
    ),
    ...rows(
      settled.map(({ key, variant, places }) => [
        colours.yellow(key),
        variant,
        placesText(places, flags.find((one) => one.key === key)?.references ?? places.length),
      ]),
      ['THE SAME FOR ALL', 'VARIANT', 'MAY GO FROM'],
    ),
    ...rows(
      unreferenced.map((key) => [key]),
      ['NAMED NOWHERE'],
    ),
  ];
}
