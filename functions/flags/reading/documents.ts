import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { compile, type FlagSet } from '../evaluation/compile.ts';
import { type FlagDocument, parseDocument } from '../evaluation/document.ts';
import { InvalidFlagDocument } from '../evaluation/problems.ts';
import type { Answer, Part } from './feed.ts';

/** A document that holds: as it came, as it was checked, and which state it is of. */
export interface Held {
  raw: unknown;
  document: FlagDocument;
  revision: string;
}

/** The documents that are in force. Where no feed gives kill switches there are none. */
export interface Documents {
  flags: Held;
  killSwitches?: Held;
}

/** A document that was not taken. */
export interface Refusal {
  part: Part;
  /** Where and what, in words: the first problems of it. */
  message: string;
}

/** What is in force, and its compiled form as soon as no part is missing. */
export interface Holding {
  held: Partial<Record<Part, Held>>;
  set: FlagSet | undefined;
}

/** Problems that are told of a refused document; the rest is counted. */
const mostTold = 5;

function wordsOf(error: unknown): string {
  if (!(error instanceof InvalidFlagDocument)) return error instanceof Error ? error.message : String(error);
  const { problems } = error;
  const told = problems
    .slice(0, mostTold)
    .map(({ path, found, expected }) => `${path}: found ${found}, expected ${expected}`);
  const rest = problems.length - told.length;
  return [...told, ...(rest > 0 ? [`and ${rest} more`] : [])].join('; ');
}

const revisionOf = (raw: unknown): string =>
  createHash('sha256').update(JSON.stringify(raw)).digest('hex').slice(0, 16);

function setOf(held: Partial<Record<Part, Held>>, parts: readonly Part[]): FlagSet | undefined {
  const { flags, killSwitches } = held;
  if (flags === undefined || parts.some((part) => held[part] === undefined)) return undefined;
  return compile({
    flags: flags.document,
    ...(killSwitches === undefined ? {} : { killSwitches: killSwitches.document }),
  });
}

/**
 * What holds after an answer, and what of it does not. Each document is taken alone: a bad document of flags does not
 * keep a kill switch away, and what was refused leaves the former one in force. `parts` are all that must be there
 * before anything is evaluated: without the kill switches a flag would be on that somebody has switched off.
 */
export function take(
  before: Holding,
  { documents = {}, revision }: Answer,
  parts: readonly Part[],
): Holding & { refusals: Refusal[] } {
  let { held, set } = before;
  const refusals: Refusal[] = [];
  for (const part of parts) {
    if (!Object.hasOwn(documents, part)) continue;
    const raw = documents[part];
    if (isDeepStrictEqual(raw, held[part]?.raw)) continue;
    try {
      const document = parseDocument(raw);
      const candidate = { ...held, [part]: { raw, document, revision: revision ?? revisionOf(raw) } };
      set = setOf(candidate, parts);
      held = candidate;
    } catch (error) {
      refusals.push({ part, message: wordsOf(error) });
    }
  }
  return { held, set, refusals };
}
