import { clock } from '#platform/clock.ts';
import { NotFound } from '#platform/errors.ts';
import { publishOutbox } from '#platform/event-log.ts';
import { absent, type Condition, type ItemPage, type Place } from '#platform/records.ts';
import { nextEvents, type RecordChange, recordAfter, recordChanger } from '#platform/workflow-record.ts';
import { isDue, retried } from '../publishing/progress.ts';
import { EnvironmentEntry, EnvironmentRecord, unpublished } from '../records.ts';
import type { EnvironmentSettings } from '../schemas.ts';
import { keys, readItem, readPage, work, writeItem } from '../store.ts';

export const findEnvironment = (name: string): Promise<EnvironmentRecord | undefined> =>
  readItem(EnvironmentRecord, keys.environment(name));

/** Throws NotFound. */
export async function readEnvironment(name: string): Promise<EnvironmentRecord> {
  const found = await findEnvironment(name);
  if (found !== undefined) return found;
  throw new NotFound(`There is no environment ${name} of flags`, {
    evidence: { environment: name },
    action: `List them with \`theseus flag environment list\`, or make it: theseus flag environment set ${name}`,
  });
}

/** A page of the environments, by name. */
export const listEnvironments = (
  limit: number,
  from: Place | undefined,
): Promise<ItemPage<EnvironmentEntry>> => readPage(EnvironmentEntry, { pk: keys.entry('').pk, limit, from });

const write = (record: EnvironmentRecord, condition: Condition = absent): Promise<boolean> =>
  writeItem(
    keys.environment(record.id),
    {
      ...record,
      ...(isDue(record) ? { gsi1pk: work.environments, gsi1sk: `${record.updatedAt}#${record.id}` } : {}),
    },
    condition,
  );

/** Brings the entry in the list up to what the record says, unless it is newer. */
async function enter({ id, settings, createdAt, revision }: EnvironmentRecord): Promise<void> {
  const entry: EnvironmentEntry = { name: id, description: settings.description, createdAt, revision };
  await writeItem(keys.entry(id), entry, {
    expression: 'attribute_not_exists(pk) OR revision < :revision',
    values: { ':revision': revision },
  });
}

// Pure: a bundle that only reads leaves it out.
const change = /* @__PURE__ */ recordChanger<EnvironmentRecord>({
  noun: 'Environment of flags',
  read: readEnvironment,
  write,
});

/**
 * Reads, decides, writes on the condition that nobody wrote between; decides anew when somebody did. Throws NotFound,
 * RecordContended.
 */
export const changeEnvironment = (
  name: string,
  decide: (record: EnvironmentRecord) => RecordChange<EnvironmentRecord> | undefined,
): Promise<EnvironmentRecord> => change(name, decide);

/** Writes what a decision makes of a record, if nobody wrote it since it was read; undefined when somebody did. */
export async function commitEnvironment(
  record: EnvironmentRecord,
  decided: RecordChange<EnvironmentRecord>,
): Promise<EnvironmentRecord | undefined> {
  const next = recordAfter(record, decided);
  const unchanged = { expression: 'revision = :revision', values: { ':revision': record.revision } };
  return (await write(next, unchanged)) ? next : undefined;
}

/** Sets an environment, and makes it when it is not there; the same again changes nothing. Throws RecordContended. */
export async function setEnvironment(
  name: string,
  settings: EnvironmentSettings,
  by: string,
): Promise<{ record: EnvironmentRecord; created: boolean }> {
  const at = clock.iso();
  const made: EnvironmentRecord = {
    schemaVersion: 1,
    id: name,
    revision: 1,
    settings,
    snapshot: null,
    document: null,
    superseded: [],
    flags: 0,
    publication: unpublished,
    ...nextEvents(
      { outbox: [], nextSequence: 0 },
      { events: [{ type: 'flag_environment.created', actor: by }] },
    ),
    createdAt: at,
    createdBy: by,
    updatedAt: at,
  };
  if ((await findEnvironment(name)) === undefined && (await write(made))) {
    await enter(made);
    return { record: made, created: true };
  }
  const record = await changeEnvironment(name, (found) =>
    JSON.stringify(found.settings) === JSON.stringify(settings)
      ? undefined
      : {
          // What was not possible as it was set may be now.
          set: { settings, publication: retried(found.publication) },
          events: [{ type: 'flag_environment.changed', actor: by }],
        },
  );
  // A first run may have been cut off before it came here.
  await enter(record);
  return { record, created: false };
}

/** Sends the events that wait, and keeps them. */
export const publishFlagEvents = (record: EnvironmentRecord): Promise<number> =>
  publishOutbox(record, {
    source: 'theseus.flags',
    about: { environment: record.id },
    keep: (event) => writeItem(keys.event(record.id, event.sequence), event),
    letGo: (publishedThrough) => changeEnvironment(record.id, () => ({ set: {}, publishedThrough })),
  });
