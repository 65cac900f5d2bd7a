import { nameOf } from '../resolution/layers.ts';
import type { Content } from '../schemas.ts';
import { readValue, readVersion, writeValue } from '../values/store.ts';
import { changeActing, readWanted } from './acting.ts';
import type { ChangeRecord, UpdateRecord } from './records.ts';
import type { TaskOfUpdate } from './schemas.ts';
import { readChanges } from './update-store.ts';

/**
 * Writes all values of an update over the versions that were backed up. A run that comes again finds what the first one
 * wrote, and one that somebody overtook writes nothing: the way back has taken its version. Throws UpdateConflict,
 * ExecutionSuperseded, UpdateCancelled. Returns the versions written.
 */
export async function writeAll(
  { id, changes, why, createdBy }: UpdateRecord,
  acting: TaskOfUpdate,
  signal: AbortSignal,
): Promise<number[]> {
  const contents = await readChanges(id);
  const written: number[] = [];
  for (const [at, { key, before }] of changes.entries()) {
    signal.throwIfAborted();
    await readWanted(acting);
    const { version } = await writeValue(key, contents[at] ?? null, {
      expectedVersion: before ?? 0,
      updateId: id,
      by: createdBy,
      why,
    });
    written.push(version);
  }
  return written;
}

const contentBefore = async ({ key, before }: ChangeRecord): Promise<Content | null> =>
  before === null || before === 0 ? null : (await readVersion(key, before)).content;

/**
 * Gives every key what it had before, as a new version; also where nothing was written yet, so that a writer who was
 * thought dead finds its version taken. Each is written down at once, and not again by the next run. What somebody else
 * wrote, which the order of updates excludes, is left as it is, with a note.
 */
export async function takeBack(
  record: UpdateRecord,
  acting: TaskOfUpdate,
  signal: AbortSignal,
): Promise<number> {
  let restored = 0;
  for (const [at, change] of record.changes.entries()) {
    if (change.restored !== null || change.before === null) continue;
    signal.throwIfAborted();
    const { key, before } = change;
    const found = await readValue(key);
    const version = found?.version ?? 0;
    if (version !== before && found?.update !== record.id) {
      await noteOnce(acting, `${nameOf(key)} is left as ${found?.update ?? 'nobody'} wrote it meanwhile`);
      continue;
    }
    const back = await writeValue(key, await contentBefore(change), {
      expectedVersion: version,
      updateId: record.id,
      by: 'theseus',
      why: `${record.id} was taken back: ${record.failure?.message ?? 'it failed'}`.slice(0, 500),
    });
    await changeActing(acting, ({ changes }) => ({
      set: {
        changes: changes.map((one, index) => (index === at ? { ...one, restored: back.version } : one)),
      },
    }));
    restored += 1;
  }
  return restored;
}

const noteOnce = (acting: TaskOfUpdate, note: string): Promise<UpdateRecord> =>
  changeActing(acting, ({ notes }) =>
    notes.includes(note) ? undefined : { set: { notes: [...notes, note] } },
  );
