import { clock } from '#platform/clock.ts';
import { RecordContended } from '#platform/errors.ts';
import { newId } from '#platform/ids.ts';
import { jitteredBackoff } from '#platform/random.ts';
import type { NewEvent } from '#platform/workflow-record.ts';
import type { Flag } from '../authoring/flag.ts';
import type { JsonObject } from '../authoring/json.ts';
import { commitEnvironment, readEnvironment } from '../environments/environments.ts';
import type { EnvironmentRecord } from '../records.ts';
import { candidate } from './candidate.ts';
import { type FlagAction, writeVersion } from './history.ts';
import { type Flags, readFlags, type StoredFlag, storeFlags } from './snapshot.ts';
import { afterChange, deleteObjects, names } from './superseded.ts';

/** Who changes something, and why. */
export interface Reason {
  by: string;
  why: string;
  /** The same id again is the same change. */
  id?: string | undefined;
}

/** What becomes of one flag; null: it goes. */
export interface FlagEdit {
  key: string;
  flag: Flag | null;
  action: FlagAction;
}

export interface Edit {
  flags: FlagEdit[];
  evaluators?: JsonObject;
  metadata?: JsonObject;
}

const attempts = 12;
/** Versions that are written at once. */
const atOnce = 25;
/** Changes of flags that have events of their own; of more there is one event. */
const mostEvents = 20;

/** The flags after an edit, and the versions that come to their histories. */
function applied(flags: Flags, edit: Edit, { by, why, id }: Reason) {
  const at = clock.iso();
  // Of this attempt: what another one wrote and did not bring to an end is never taken for it.
  const change = newId('chg');
  const request = id ?? null;
  const next = new Map(flags.flags);
  const deleted = new Map(flags.deleted);
  const versions = edit.flags.map(({ key, flag, action }) => {
    const former = next.get(key);
    const head = former ?? deleted.get(key);
    const version = (head?.version ?? 0) + 1;
    if (flag === null) {
      next.delete(key);
      deleted.set(key, { version, change });
    } else {
      const stored: StoredFlag = {
        flag,
        version,
        change,
        request,
        createdAt: former?.createdAt ?? at,
        createdBy: former?.createdBy ?? by,
        updatedAt: at,
        updatedBy: by,
        why,
      };
      next.set(key, stored);
      deleted.delete(key);
    }
    return {
      key,
      entry: { version, change, previous: head?.change ?? null, action, at, by, why, request, flag },
    };
  });
  const { evaluators = flags.evaluators, metadata = flags.metadata } = edit;
  return { change, next: { flags: next, deleted, evaluators, metadata }, versions };
}

function eventsOf(edit: Edit, { by, why }: Reason, revision: number): NewEvent[] {
  if (edit.flags.length > mostEvents)
    return [{ type: 'flags.imported', actor: by, data: { flags: edit.flags.length, why, revision } }];
  return edit.flags.map(({ key, action }) => ({
    type: `flag.${action}`,
    actor: by,
    data: { flag: key, why, revision },
  }));
}

export interface Changed {
  record: EnvironmentRecord;
  flags: Flags;
  /** Whether anything was changed. */
  changed: boolean;
}

/**
 * Reads the flags of an environment, decides, and stores what comes of it whole or not at all: the document that all
 * flags are together is made and tried before. Decides anew when somebody changed flags meanwhile. `decide` returns
 * undefined to change nothing and throws to refuse. Throws NotFound, InvalidInput, InvalidFlagDocument, DocumentTooLarge,
 * RecordContended.
 */
export async function changeFlags(
  environment: string,
  reason: Reason,
  decide: (flags: Flags, record: EnvironmentRecord) => Promise<Edit | undefined> | Edit | undefined,
): Promise<Changed> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const record = await readEnvironment(environment);
    const flags = await readFlags(record);
    const edit = await decide(flags, record);
    if (edit === undefined) return { record, flags, changed: false };
    const { change, next, versions } = applied(flags, edit, reason);
    const text = candidate(next, new Set(edit.flags.map(({ key }) => key)));
    for (let from = 0; from < versions.length; from += atOnce) {
      const batch = versions.slice(from, from + atOnce);
      await Promise.all(batch.map(({ key, entry }) => writeVersion(environment, key, entry)));
    }
    const revision = record.publication.revision + 1;
    const { kept, gone } = afterChange(record);
    const stored = await storeFlags(environment, change, next, text);
    const committed = await commitEnvironment(record, {
      set: {
        ...stored,
        superseded: kept,
        flags: next.flags.size,
        publication: { ...record.publication, revision },
      },
      events: eventsOf(edit, reason, revision),
    });
    if (committed !== undefined) {
      await deleteObjects(gone);
      return { record: committed, flags: next, changed: true };
    }
    // It may have been written all the same, and only the answer was lost.
    const found = await readEnvironment(environment);
    if (names(found, stored.snapshot.key)) return { record: found, flags: next, changed: true };
    await deleteObjects([stored.snapshot.key, stored.document.key]);
    await clock.sleep(jitteredBackoff(attempt, 20, 1_000));
  }
  throw new RecordContended(`The flags of ${environment} were changed by others ${attempts} times in a row`, {
    evidence: { environment },
    action: 'Repeat the request.',
  });
}
