import { isDeepStrictEqual } from 'node:util';
import { clock } from '#platform/clock.ts';
import { RecordContended } from '#platform/errors.ts';
import { publishOutbox } from '#platform/event-log.ts';
import { absent, type Condition } from '#platform/records.ts';
import { type NewEvent, recordChanger } from '#platform/workflow-record.ts';
import type { JsonObject } from '../authoring/json.ts';
import { JsonObject as JsonObjectSchema } from '../authoring/json.ts';
import { readEnvironment } from '../environments/environments.ts';
import { TooMany } from '../errors.ts';
import { parseDocument } from '../evaluation/document.ts';
import { isDue } from '../publishing/progress.ts';
import type { Reason } from '../registry/change-flags.ts';
import { flagOf } from '../registry/flags.ts';
import { type Flags, keyedFlags, readFlags } from '../registry/snapshot.ts';
import { keys, work, writeItem } from '../store.ts';
import { type Kill, killSwitchDocument } from './document.ts';
import { type KillSwitchRecord, readKillSwitches } from './record.ts';

/** An item of DynamoDB ends at 400 kB. */
const largestRecord = 350_000;

function itemOf(record: KillSwitchRecord): Record<string, unknown> {
  const bytes = Buffer.byteLength(JSON.stringify(record));
  if (bytes > largestRecord) {
    throw new TooMany(
      `The kill switches of ${record.id} would have ${bytes} bytes, at most ${largestRecord} are kept`,
      {
        evidence: { environment: record.id, bytes, limit: largestRecord },
        action: 'Switch flags off themselves (enabled: false), and revive those that need no kill switch.',
      },
    );
  }
  // The same work as of the environment, whose name it has.
  return isDue(record)
    ? { ...record, gsi1pk: work.environments, gsi1sk: `${record.updatedAt}#${record.id}` }
    : { ...record };
}

// Pure: a bundle that only reads leaves it out.
export const changeKillSwitches = /* @__PURE__ */ recordChanger<KillSwitchRecord>({
  noun: 'Kill switches of environment',
  read: readKillSwitches,
  write: (record, condition: Condition) =>
    writeItem(keys.killSwitches(record.id), itemOf(record), record.revision === 1 ? absent : condition),
});

const flagsIn = (document: JsonObject): Readonly<Record<string, unknown>> =>
  JsonObjectSchema.catch({}).parse(document.flags);

/** What becomes of the record when these are killed, with the flags as of `basis`; undefined when nothing changes. */
function killed(
  record: KillSwitchRecord,
  { flags, basis }: Current,
  kills: Readonly<Record<string, Kill>>,
  events: NewEvent[],
) {
  const document = killSwitchDocument(keyedFlags(flags), kills, flagsIn(record.document));
  const same = isDeepStrictEqual(document, record.document);
  if (same && basis === record.basis && isDeepStrictEqual(kills, record.kills)) return undefined;
  // Nothing is published that a reader would not take.
  parseDocument(document);
  const revision = record.publication.revision + (same ? 0 : 1);
  return { set: { kills, document, basis, publication: { ...record.publication, revision } }, events };
}

/** The flags of an environment, and the revision of them. */
interface Current {
  flags: Flags;
  basis: number;
}

const attempts = 12;

/** Changes the record with flags that are at least as new as those that its document was made of. */
async function changeWithFlags(
  environment: string,
  decide: (record: KillSwitchRecord, current: Current) => ReturnType<typeof killed>,
): Promise<KillSwitchRecord> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const found = await readEnvironment(environment);
    const current = { flags: await readFlags(found), basis: found.publication.revision };
    let outdated = false;
    const record = await changeKillSwitches(environment, (one) => {
      outdated = one.basis > current.basis;
      return outdated ? undefined : decide(one, current);
    });
    if (!outdated) return record;
  }
  throw new RecordContended(`The flags of ${environment} were changed by others ${attempts} times in a row`, {
    evidence: { environment },
    action: 'Repeat the request.',
  });
}

/**
 * Switches a flag off at once, for everybody, and what cannot be without it; again it changes nothing. Throws NotFound,
 * TooMany, RecordContended.
 */
export const killFlag = (environment: string, key: string, { by, why }: Reason): Promise<KillSwitchRecord> =>
  changeWithFlags(environment, (record, current) => {
    if (Object.hasOwn(record.kills, key)) return killed(record, current, record.kills, []);
    flagOf(environment, key, current.flags);
    const kills = { ...record.kills, [key]: { why, by, at: clock.iso() } };
    return killed(record, current, kills, [{ type: 'flag.killed', actor: by, data: { flag: key, why } }]);
  });

/** Gives a flag back to what its environment says; again it changes nothing. Throws NotFound, RecordContended. */
export const reviveFlag = (
  environment: string,
  key: string,
  { by, why }: Reason,
): Promise<KillSwitchRecord> =>
  changeWithFlags(environment, (record, current) => {
    if (!Object.hasOwn(record.kills, key)) {
      flagOf(environment, key, current.flags);
      return undefined;
    }
    const { [key]: _revived, ...kills } = record.kills;
    return killed(record, current, kills, [{ type: 'flag.revived', actor: by, data: { flag: key, why } }]);
  });

/**
 * Brings the document of kill switches up to what the flags are by now: their variants, and what they need of each other,
 * may have changed since they were killed. Throws NotFound, TooMany, RecordContended.
 */
export async function refreshKillSwitches(environment: string): Promise<KillSwitchRecord> {
  const found = await readKillSwitches(environment);
  if (Object.keys(found.kills).length === 0) return found;
  return changeWithFlags(environment, (record, current) => killed(record, current, record.kills, []));
}

/** Sends the events that wait, and keeps them. */
export const publishKillSwitchEvents = (record: KillSwitchRecord): Promise<number> =>
  publishOutbox(record, {
    source: 'theseus.flags',
    about: { environment: record.id, of: 'kill-switches' },
    keep: (event) => writeItem(keys.killSwitchEvent(record.id, event.sequence), event),
    letGo: (publishedThrough) => changeKillSwitches(record.id, () => ({ set: {}, publishedThrough })),
  });
