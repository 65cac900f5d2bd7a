import { clock } from '#platform/clock.ts';
import { Conflict } from '#platform/errors.ts';
import { makeCopy } from '../engines/postgresql/copy/copy.ts';
import { createCopyDatabase, dropCopyDatabase, urlOfCopy } from '../engines/postgresql/copy/database.ts';
import { openPostgres } from '../engines/postgresql/engine.ts';
import { endIdleSessions } from '../engines/postgresql/sessions.ts';
import type { RehearsalReport } from './report.ts';
import { beginRehearsal, continueRehearsal, hasPassed, type RehearsalOptions } from './run.ts';
import type { Outcome, RehearsalState } from './state.ts';

export interface RehearsalAsked extends RehearsalOptions {
  /** URL of the database that is changed. */
  source: string;
  /** URL of the one that a data migration reads, where it is another. */
  from?: string | undefined;
  /** URL of a server where the copies are made: the same, or another. */
  server: string;
  /** Rows of each table, at most; what foreign keys demand comes besides. */
  sample: number;
}

const openCopied = (url: string) => openPostgres(url, { applicationName: 'theseus:rehearsal' });
/** Rows are read from a copy of their own: two schemas of one name do not fit into one database. */
const readId = (id: string) => `${id}_read`;

/**
 * Makes copies of the schemas with a sample of their rows, or goes on on those that `before` tells of, until the
 * rehearsal is over or the time is up. The databases themselves are only read. Throws RightsMissing, CopyImpossible, what
 * opening a database throws, and what may pass; what the migration itself fails with is in the report.
 */
export async function rehearsePart(
  asked: RehearsalAsked,
  before: RehearsalState | null,
  save: (state: RehearsalState) => Promise<void>,
): Promise<RehearsalState> {
  const { server, id, rehearsed } = asked;
  try {
    const copied = before === null ? await makeCopies(asked) : null;
    const target = await openCopied(urlOfCopy(server, id));
    const source = rehearsed.kind === 'data' ? await openCopied(urlOfCopy(server, readId(id))) : target;
    const copies = { target, source };
    const begun = before ?? (await beginRehearsal(copies, asked, copied ?? nothingCopied));
    if (before === null) await save(begun);
    return await continueRehearsal(copies, begun, asked, save);
  } finally {
    await endIdleSessions();
  }
}

const nothingCopied: Outcome['copy'] = { rows: [], leftOut: [], measuredMs: 0 };

async function makeCopies(asked: RehearsalAsked): Promise<Outcome['copy']> {
  const { id, schema, source, from = source, rehearsed } = asked;
  const began = clock.monotonic();
  const made = [await copyOf(asked, source, schema, id)];
  if (rehearsed.kind === 'data') made.push(await copyOf(asked, from, rehearsed.fromSchema, readId(id)));
  return {
    rows: made.flatMap(({ tables }) => tables),
    leftOut: made.flatMap(({ leftOut }) => leftOut),
    measuredMs: Math.round(clock.monotonic() - began),
  };
}

async function copyOf({ server, sample, signal }: RehearsalAsked, url: string, schema: string, id: string) {
  const engine = await openCopied(url);
  const snapshot = await engine.snapshot(schema);
  const shape = await engine.shape(schema);
  const copyUrl = await createCopyDatabase(server, url, id);
  return makeCopy({ url, snapshot, shape }, copyUrl, { sample, signal });
}

/** Drops the copies of a rehearsal. Does nothing when they are gone. */
export async function dropCopies({ server, id }: Pick<RehearsalAsked, 'server' | 'id'>): Promise<void> {
  await dropCopyDatabase(server, id);
  await dropCopyDatabase(server, readId(id));
}

export const reportOf = ({ outcome }: RehearsalState): RehearsalReport => ({
  passed: hasPassed(outcome),
  ...outcome,
});

/** A whole rehearsal at once. Throws what rehearsePart throws, and Conflict when its time is up before its end. */
export async function rehearseOnCopy(asked: RehearsalAsked): Promise<RehearsalReport> {
  try {
    const state = await rehearsePart(asked, null, async () => {});
    if (state.over) return reportOf(state);
    throw new Conflict('The rehearsal did not come to its end in its time', {
      action: 'Rehearse with a smaller sample.',
    });
  } finally {
    await dropCopies(asked);
  }
}
