import { writeFileSync } from 'node:fs';
import { stringify } from 'yaml';
import { z } from 'zod';
import { type DerivedChanges, deriveChanges } from '#transformations/derive/derive.ts';
import { prepareChanges } from '#transformations/prepare.ts';
import { checkRoundTrip, type RoundTripReport } from '#transformations/round-trip/check.ts';
import type { VersionChange } from '#transformations/schemas.ts';
import { surfaceOfDescription } from '#transformations/surface/description.ts';
import type { Surface } from '#transformations/surface/surface.ts';
import { colours, count } from '../output.ts';
import { fileAt, readAs, refusal, told } from './diff-files.ts';

export interface DeriveAsked {
  output?: string;
  json?: boolean;
}

export interface CheckAsked {
  runs: number;
  seed: number;
  json?: boolean;
}

/** That a document shows a fault: not the refusal of a platform, as 3 is elsewhere. */
const FOUND = 1;
const MOST_OPEN = 50;
const now = () => performance.now();

async function surfaceAt(path: string): Promise<Surface> {
  const { description } = await fileAt(path);
  return told(() => surfaceOfDescription(description));
}

/**
 * Derives the changes between two files and prints them as a file to complete.
 * @throws Failure usage for what cannot be read.
 */
export async function deriveFiles(old: string, next: string, options: DeriveAsked): Promise<void> {
  const derived = deriveChanges(await surfaceAt(old), await surfaceAt(next));
  const text = options.json === true ? `${JSON.stringify(derived)}\n` : changesFile(derived, old, next);
  if (options.output === undefined) process.stdout.write(text);
  else {
    writeFileSync(options.output, text);
    const { changes, open } = derived;
    process.stdout.write(
      `${count(changes.length)} changes were derived and ${count(open.length)} places are open: ${options.output}\n`,
    );
  }
}

/** The changes as YAML, each with how sure it is; what is open stands above them, for whoever completes the file. */
function changesFile({ changes, derived, open }: DerivedChanges, old: string, next: string): string {
  const lines = [`# From ${old} to ${next}: look at what is only likely, and complete what is open.`];
  for (const { endpoint, list, pointer, reason } of open.slice(0, MOST_OPEN))
    lines.push(`# open: ${endpoint} ${list} ${pointer || '/'}: ${reason}`);
  if (open.length > MOST_OPEN)
    lines.push(`# open: ${count(open.length - MOST_OPEN)} more; --json has them all`);
  for (const [at, change] of changes.entries()) {
    const { sure, why } = derived[at] ?? { sure: 'guess', why: '' };
    lines.push('', `# ${sure}: ${why}`, writtenOut(change));
  }
  return `${changes.length === 0 ? [...lines, '[]'].join('\n') : lines.join('\n')}\n`;
}

/** Each operation in full, where it stands; that it is about the body need not be said. */
const writtenOut = (change: VersionChange) =>
  stringify(
    JSON.parse(
      JSON.stringify([change], (key, value) => (key === 'in' && value === 'body' ? undefined : value)),
    ),
    { aliasDuplicateObjects: false },
  ).trimEnd();

/**
 * Tries the changes of a file on documents of two descriptions and prints what shows a fault, each with the smallest
 * document; then the exit code is 1.
 * @throws Failure usage for what cannot be read.
 */
export async function checkFiles(
  old: string,
  next: string,
  path: string,
  options: CheckAsked,
): Promise<void> {
  const versions = { older: await surfaceAt(old), newer: await surfaceAt(next) };
  const written = readAs(z.unknown(), path);
  const { runs, seed } = options;
  let report: RoundTripReport;
  try {
    const changes = await prepareChanges(written, { now });
    report = await checkRoundTrip(changes, versions, { runs, seed, now });
  } catch (error) {
    throw refusal(error);
  }
  process.stdout.write(options.json === true ? `${JSON.stringify(report)}\n` : checkText(report, seed));
  if (report.failures.length > 0) process.exitCode = FOUND;
}

function checkText({ failures, checked, open }: RoundTripReport, seed: number): string {
  const lines: string[] = [];
  for (const { endpoint, list, fault, change, message, document, result } of failures) {
    lines.push(
      `${colours.red(fault)} ${endpoint} ${list}${change === undefined ? '' : `, change ${change}`}`,
      `  ${message}`,
      `  document ${shown(document)}`,
      ...(result === undefined ? [] : [`  became ${shown(result)}`]),
      '',
    );
  }
  for (const { endpoint, list, reason } of open)
    lines.push(`${colours.yellow('not checked')} ${endpoint} ${list}: ${reason}`);
  const documents = checked.reduce((sum, one) => sum + one.documents, 0);
  const verdict =
    failures.length === 0 ? colours.green('without a fault') : `${count(failures.length)} faults`;
  lines.push(`${count(documents)} documents of the seed ${seed}: ${verdict}.`);
  return `${lines.join('\n')}\n`;
}

const LONGEST = 400;
const shown = (document: unknown) => {
  const text = JSON.stringify(document);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
};
