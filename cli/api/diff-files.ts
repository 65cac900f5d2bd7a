import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, isAbsolute, relative, sep } from 'node:path';
import { parse } from 'yaml';
import type { z } from 'zod';
import type { Level, Verdict } from '#compatibility/changes.ts';
import { compareDescriptions, type Description, readDescription } from '#compatibility/descriptions.ts';
import type { Content } from '#compatibility/json-schema/compare.ts';
import type { CompatibilityMode } from '#compatibility/json-schema/mode-names.ts';
import { LevelOverrides } from '#compatibility/levels.ts';
import { changelogMarkdown } from '#compatibility/report/markdown.ts';
import { positionsOf } from '#compatibility/report/positions.ts';
import { changesSarif } from '#compatibility/report/sarif.ts';
import { sourceLimits } from '#compatibility/source.ts';
import { Usage } from '#compatibility/usage.ts';
import { fieldProblems, InvalidInput } from '#platform/errors.ts';
import { exitCode, Failure } from '../failure.ts';
import { bundledFiles, refersToFiles } from './diff-bundle.ts';
import { diffText } from './diff-text.ts';

/** What `theseus api diff` is asked, as its options are written. */
export interface DiffAsked {
  format: 'text' | 'json' | 'markdown' | 'sarif';
  json?: boolean;
  failOn: 'breaking' | 'warning' | 'never';
  levels?: string;
  usage?: string;
  output?: string;
  mode?: CompatibilityMode;
  content?: Content;
}

/** That there is something at the asked level: not the refusal of a platform, as 3 is elsewhere. */
const FOUND = 1;
const failing: Record<DiffAsked['failOn'], readonly Level[]> = {
  breaking: ['breaking'],
  warning: ['breaking', 'warning'],
  never: [],
};

/**
 * Compares two files and prints what changed; sets the exit code to 1 when there is something of --fail-on or worse.
 * @throws Failure usage for what cannot be read.
 */
export async function diffFiles(old: string, next: string, options: DiffAsked): Promise<void> {
  const levels = options.levels === undefined ? [] : readAs(LevelOverrides, options.levels);
  const usage = options.usage === undefined ? undefined : readAs(Usage, options.usage);
  const [before, after] = [await fileAt(old), await fileAt(next)];
  const today = new Date().toISOString().slice(0, 10);
  const verdict = told(() =>
    compareDescriptions(before.description, after.description, {
      today,
      levels,
      usage,
      mode: options.mode,
      content: options.content,
    }),
  );
  const text = reportOf(verdict, before, after, options.json === true ? 'json' : options.format);
  if (options.output === undefined) process.stdout.write(text);
  else writeFileSync(options.output, text);
  const bad = failing[options.failOn];
  if (verdict.changes.some(({ level }) => bad.includes(level))) process.exitCode = FOUND;
}

export interface DescriptionFile {
  path: string;
  text: string;
  description: Description;
}

/** A description and what it was read from, files that it refers to included. @throws Failure usage */
export async function fileAt(path: string): Promise<DescriptionFile> {
  const text = textAt(path);
  const whole = refersToFiles(text) ? await bundledFiles(path) : text;
  return { path, text, description: told(() => readDescription(whole, { fileName: path })) };
}

function textAt(path: string): string {
  try {
    const { size } = statSync(path);
    if (size > sourceLimits.bytes)
      throw new Failure(`${path} has ${size} bytes; at most ${sourceLimits.bytes} are read.`, {
        code: exitCode.usage,
      });
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`, {
      code: exitCode.usage,
      action: 'Name two files, the older first.',
    });
  }
}

/** What is refused is told with all its problems, and ends with the code of wrong usage. */
export function told<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw refusal(error);
  }
}

/** What to throw in place of an error: wrong usage where the input was refused, itself otherwise. */
export function refusal(error: unknown): unknown {
  if (!(error instanceof InvalidInput)) return error;
  const details = error.problems.map(({ pointer, detail }) => `${pointer || '/'}: ${detail}`);
  return new Failure(error.message, { code: exitCode.usage, action: error.action, details });
}

/** A file of YAML or JSON in the form that is asked for. @throws Failure usage */
export function readAs<S extends z.ZodType>(schema: S, path: string): z.output<S> {
  let value: unknown;
  try {
    value = parse(textAt(path));
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure(`${path} is neither YAML nor JSON: ${error instanceof Error ? error.message : ''}`, {
      code: exitCode.usage,
    });
  }
  const found = schema.safeParse(value);
  if (found.success) return found.data;
  const details = fieldProblems('', found.error).map(({ pointer, detail }) => `${pointer || '/'}: ${detail}`);
  throw new Failure(`${path} does not have the expected form.`, { code: exitCode.usage, details });
}

function reportOf(
  verdict: Verdict,
  before: DescriptionFile,
  after: DescriptionFile,
  format: DiffAsked['format'],
): string {
  if (format === 'json') return `${JSON.stringify(verdict)}\n`;
  if (format === 'markdown') {
    const [from, to] = [before, after].map(({ path, description }) => description.version ?? basename(path));
    return changelogMarkdown(verdict, { title: after.description.title, from: from ?? '', to: to ?? '' });
  }
  if (format === 'text') return diffText(verdict, before.path, after.path);
  return `${JSON.stringify(changesSarif(verdict.changes, spots(verdict, before, after)))}\n`;
}

/** Changes stand in the new file, and what is gone in the old one. */
function spots({ changes }: Verdict, before: DescriptionFile, after: DescriptionFile) {
  const pointers = changes.map(({ pointer }) => pointer);
  const [inOld, inNew] = [positionsOf(before.text, pointers), positionsOf(after.text, pointers)];
  const gone = /(^|-)(removed|removed-[a-z-]+|sunset-parse|deleted)$/;
  return ({ rule, pointer }: { rule: string; pointer: string }) => {
    const isGone =
      gone.test(rule) && inOld.get(pointer)?.exact === true && inNew.get(pointer)?.exact !== true;
    const [file, found] = isGone ? [before, inOld] : [after, inNew];
    return { file: shown(file.path), position: found.get(pointer) };
  };
}

/** Relative to where the command runs, which is the root of the repository in CI. */
function shown(path: string): string {
  const near = isAbsolute(path) ? relative(process.cwd(), path) : path;
  return near.split(sep).join('/').replace(/^\.\//, '');
}
