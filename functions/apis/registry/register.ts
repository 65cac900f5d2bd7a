import { type Verdict, verdictOf } from '#compatibility/changes.ts';
import { type Description, readDescription } from '#compatibility/descriptions.ts';
import { clock } from '#platform/clock.ts';
import { Conflict, type TheseusError } from '#platform/errors.ts';
import { TooMany, VersionDiffers, VersionOutOfOrder, VersionTooLow } from '../errors.ts';
import type { ApiRecord, VersionRecord } from '../records.ts';
import { storeServed } from '../serving/served.ts';
import { readUsage } from '../usage/read-usage.ts';
import { changeApi, readApi } from './apis.ts';
import { comparisonOf, mostChanges, numberOf, verdictOn } from './compare.ts';
import { descriptionOf, keepInMemory, storeDescription } from './descriptions.ts';
import { assertInOrder, positionOf } from './order.ts';
import { takeUpload } from './uploads.ts';
import { type ApiComparison, acceptable, type NewApiVersion } from './version-schemas.ts';
import { assertScheme } from './versions.ts';

const mostVersions = 100;

/** A version before it is stored: all that was found out about it. */
interface Candidate {
  given: NewApiVersion;
  text: string;
  description: Description;
  verdict: Verdict;
  comparison: ApiComparison;
  before: VersionRecord | undefined;
  /** What a registration is refused for, the first first. */
  refusals: TheseusError[];
}

/** Throws VersionDiffers when a version is registered with another description; the very same comes back. */
function sameAs(api: ApiRecord, version: string, hash: string): VersionRecord | undefined {
  const found = api.versions.find((one) => one.version === version);
  if (found === undefined || found.description.hash === hash) return found;
  throw new VersionDiffers(`${api.id} ${version} is registered with another description`, {
    evidence: { api: api.id, version, registered: found.description.hash, sent: hash },
    action: 'Register it as another version.',
  });
}

function assertRoom({ id, versions }: ApiRecord): void {
  if (versions.length < mostVersions) return;
  throw new TooMany(`${id} has ${versions.length} versions, at most ${mostVersions} are possible`, {
    evidence: { api: id, versions: versions.length, limit: mostVersions },
    action: `Deregister removed versions: theseus api deregister ${id} <version>`,
  });
}

/** Versions that nobody may rely on yet may change as they like. */
const mayBreak = (stability: string): boolean => stability === 'draft' || stability === 'alpha';

/** Why the number of a version is too low after the one before, for what nobody accepted; undefined when it is not. */
function tooLow(api: ApiRecord, before: VersionRecord, given: NewApiVersion, verdict: Verdict) {
  if (mayBreak(given.stability ?? api.settings.stability)) return undefined;
  const left = verdict.changes.filter(({ rule }) => !given.accept.includes(rule));
  const demanding = verdictOf(left, verdict.bump !== 'none');
  const number = numberOf(api, before.version, given.version, demanding);
  if (number === null || number.enough) return undefined;
  const changes = left.filter(({ level }) => demanding.compatible || level === 'breaking');
  return new VersionTooLow(number.message, {
    evidence: {
      api: api.id,
      comparedWith: before.version,
      demanded: number.demanded,
      changes: changes.slice(0, 20),
      more: Math.max(0, changes.length - 20),
    },
    action: `Register it as ${number.demanded} or higher; on purpose: name the rules in \`accept\`, with a reason.`,
  });
}

function outOfOrder(api: ApiRecord, { version, accept }: NewApiVersion): VersionOutOfOrder | undefined {
  try {
    assertInOrder(api, version);
    return undefined;
  } catch (error) {
    if (!(error instanceof VersionOutOfOrder)) throw error;
    const accepted = api.settings.versioning.scheme === 'semver' && accept.includes(acceptable.order);
    return accepted ? undefined : error;
  }
}

/** Reads and compares what is to be registered; stores nothing. Throws InvalidInput, VersionDiffers, TooMany, NotFound. */
async function examine(api: ApiRecord, given: NewApiVersion): Promise<Candidate | VersionRecord> {
  const { kind, versioning } = api.settings;
  assertScheme(versioning, given.version, '/body/version');
  const text = given.description ?? (await takeUpload(api.id, given.upload ?? ''));
  const description = readDescription(text, { kind, fileName: given.fileName });
  const same = sameAs(api, given.version, description.digest);
  if (same !== undefined) return same;
  assertRoom(api);
  const late = outOfOrder(api, given);
  const { before } = positionOf(api, given.version);
  const usage = before === undefined ? null : await readUsage(api);
  const verdict =
    before === undefined
      ? verdictOf([], true)
      : verdictOn(api, await descriptionOf(before, kind), description, usage);
  const low = before === undefined ? undefined : tooLow(api, before, given, verdict);
  return {
    given,
    text,
    description,
    verdict,
    comparison: comparisonOf(api, before?.version ?? null, given.version, verdict, usage),
    before,
    refusals: [late, low].filter((one) => one !== undefined),
  };
}

/** What a registration would find, and what it would be refused for; nothing is stored. */
export async function tryVersion(
  name: string,
  given: NewApiVersion,
): Promise<{ comparison: ApiComparison; refusals: TheseusError[] }> {
  const api = await readApi(name);
  const found = await examine(api, given);
  if ('refusals' in found) return found;
  const none = comparisonOf(api, found.comparison?.with ?? null, found.version, verdictOf([], false), null);
  return { comparison: none, refusals: [] };
}

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
 * VersionTooLow, TooMany, UploadIncomplete; then nothing is stored but, perhaps, a text under its own hash.
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
  const made = recordOf(found, api, stored, served, by);
  let created = true;
  const changed = await changeApi(name, (now) => {
    created = sameAs(now, given.version, found.description.digest) === undefined;
    if (!created) return undefined;
    assertRoom(now);
    return { set: { versions: inserted(now, made, found) }, events: [eventOf(made, found, by)] };
  });
  keepInMemory(found.description);
  const record = changed.versions.find(({ version }) => version === given.version) ?? made;
  return { api: changed, record, comparison: found.comparison, created };
}

/**
 * The versions with a new one in its place. What led from the one before to the one after leads there from the new one:
 * it stands between them. Throws Conflict when another came between in the meantime.
 */
function inserted(now: ApiRecord, made: VersionRecord, { before }: Candidate): VersionRecord[] {
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
    { ...last, changes: null },
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
