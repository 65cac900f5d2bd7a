import { verdictOf } from '#compatibility/changes.ts';
import { clock } from '#platform/clock.ts';
import { Conflict } from '#platform/errors.ts';
import type { ApiRecord, VersionRecord } from '../records.ts';
import { storeServed } from '../serving/served.ts';
import { storeChanges } from '../transformation/stored-changes.ts';
import { changeApi, readApi } from './apis.ts';
import { comparisonOf, mostChanges } from './compare.ts';
import { keepInMemory, storeDescription } from './descriptions.ts';
import { assertRoom, type Candidate, examine, sameAs } from './examine.ts';
import { positionOf } from './order.ts';
import type { ApiComparison, NewApiVersion } from './version-schemas.ts';

function recordOf(
  candidate: Candidate,
  api: ApiRecord,
  stored: VersionRecord['description'],
  served: VersionRecord['served'],
  by: string,
): VersionRecord {
  const { given, verdict, comparison, before } = candidate;
  const { accept, reason } = given;
  return {
    version: given.version,
    status: 'active',
    stability: given.stability ?? api.settings.stability,
    title: candidate.description.title,
    description: stored,
    served,
    comparison:
      before === undefined
        ? null
        : {
            with: before.version,
            compatible: verdict.compatible,
            bump: verdict.bump,
            breaking: comparison.counts.breaking,
            warnings: comparison.counts.warning,
          },
    accepted: accept.length === 0 || reason === undefined ? null : { what: accept, reason, by },
    changes: null,
    validateRequests: given.validateRequests,
    deprecation: null,
    refuseNewConsumers: false,
    knownConsumers: [],
    brownouts: [],
    deprecatedElements: [],
    registeredAt: clock.iso(),
    registeredBy: by,
  };
}

export interface Registration {
  api: ApiRecord;
  record: VersionRecord;
  comparison: ApiComparison;
  created: boolean;
}

/**
 * Registers a version. The same again changes nothing. Throws InvalidInput, NotFound, VersionDiffers, VersionOutOfOrder,
 * VersionTooLow, TransformationWrong, ChangesOpen, TooMany, UploadIncomplete; then nothing is stored but, perhaps, a text under its own hash.
 */
export async function registerVersion(name: string, given: NewApiVersion, by: string): Promise<Registration> {
  const api = await readApi(name);
  const found = await examine(api, given);
  if (!('refusals' in found)) {
    const none = comparisonOf(api, found.comparison?.with ?? null, found.version, verdictOf([], false), null);
    return { api, record: found, comparison: none, created: false };
  }
  const [refusal] = found.refusals;
  if (refusal !== undefined) throw refusal;
  const stored = await storeDescription(name, found.text, found.description);
  const served = await storeServed(name, found.description, given.validateRequests);
  const led = found.changes?.length ? await storeChanges(name, found.changes) : null;
  const made = recordOf(found, api, stored, served, by);
  let created = true;
  const changed = await changeApi(name, (now) => {
    created = sameAs(now, given.version, found.description.digest) === undefined;
    if (!created) return undefined;
    assertRoom(now);
    return { set: { versions: inserted(now, made, found, led) }, events: [eventOf(made, found, by)] };
  });
  keepInMemory(found.description);
  const record = changed.versions.find(({ version }) => version === given.version) ?? made;
  return { api: changed, record, comparison: found.comparison, created };
}

/**
 * The versions with a new one in its place. What led from the one before to the one after leads there from the new one:
 * it stands between them. Throws Conflict when another came between in the meantime.
 */
function inserted(
  now: ApiRecord,
  made: VersionRecord,
  { before }: Candidate,
  led: VersionRecord['changes'],
): VersionRecord[] {
  const position = positionOf(now, made.version);
  if (position.before?.version !== before?.version) {
    throw new Conflict(
      `${position.before?.version ?? 'Another version'} was registered or removed in this moment`,
      {
        evidence: { api: now.id, version: made.version },
        action: 'Repeat the request.',
      },
    );
  }
  const older = now.versions.slice(0, position.at);
  const last = older.at(-1);
  if (last === undefined) return [made, ...now.versions];
  const kept = older.slice(0, -1);
  return [
    ...kept,
    { ...last, changes: led },
    { ...made, changes: last.changes },
    ...now.versions.slice(position.at),
  ];
}

const eventOf = (made: VersionRecord, { comparison }: Candidate, by: string) => ({
  type: 'api.version-registered',
  actor: by,
  data: {
    version: made.version,
    comparedWith: comparison.from,
    compatible: comparison.compatible,
    breaking: comparison.counts.breaking,
    // Which rules, so that a listener need not ask; at most as many as are listed.
    rules: [
      ...new Set(
        comparison.changes
          .slice(0, mostChanges)
          .flatMap(({ level, rule }) => (level === 'breaking' ? [rule] : [])),
      ),
    ],
  },
});
