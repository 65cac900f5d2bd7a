import { type Verdict, verdictOf } from '#compatibility/changes.ts';
import { type Description, readDescription } from '#compatibility/descriptions.ts';
import { InvalidInput, type TheseusError } from '#platform/errors.ts';
import type { VersionChange } from '#transformations/schemas.ts';
import {
  ChangesOpen,
  TooMany,
  TransformationWrong,
  VersionDiffers,
  VersionOutOfOrder,
  VersionTooLow,
} from '../errors.ts';
import type { ApiRecord, VersionRecord } from '../records.ts';
import { checkChanges, type Neighbours } from '../transformation/check-changes.ts';
import { derivedChanges } from '../transformation/derived-changes.ts';
import { readUsage } from '../usage/read-usage.ts';
import { readApi } from './apis.ts';
import { comparisonOf, numberOf, verdictOn } from './compare.ts';
import { descriptionOf } from './descriptions.ts';
import { assertInOrder, positionOf } from './order.ts';
import { incompatibleWith } from './schema-history.ts';
import { takeUpload } from './uploads.ts';
import { type ApiComparison, acceptable, type NewApiVersion } from './version-schemas.ts';
import { assertScheme } from './versions.ts';

const mostVersions = 100;

/** A version before it is stored: all that was found out about it. */
export interface Candidate {
  given: NewApiVersion;
  text: string;
  description: Description;
  verdict: Verdict;
  comparison: ApiComparison;
  before: VersionRecord | undefined;
  /** What leads to it from the version before; undefined: nothing was said. */
  changes: VersionChange[] | undefined;
  /** What a registration is refused for, the first first. */
  refusals: TheseusError[];
}

/** Throws VersionDiffers when a version is registered with another description; the very same comes back. */
export function sameAs(api: ApiRecord, version: string, hash: string): VersionRecord | undefined {
  const found = api.versions.find((one) => one.version === version);
  if (found === undefined || found.description.hash === hash) return found;
  throw new VersionDiffers(`${api.id} ${version} is registered with another description`, {
    evidence: { api: api.id, version, registered: found.description.hash, sent: hash },
    action: 'Register it as another version.',
  });
}

export function assertRoom({ id, versions }: ApiRecord): void {
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

interface Led {
  changes: VersionChange[] | undefined;
  refusal?: TheseusError;
}

/** What is said to lead to a version from the one before, tried. Throws InvalidInput. */
async function leadingTo(api: ApiRecord, given: NewApiVersion, description: Description): Promise<Led> {
  if (given.changes === undefined) return { changes: undefined };
  const older = api.versions[positionOf(api, given.version).at - 1];
  if (older === undefined) {
    throw new InvalidInput('/body/changes: Nothing comes before this version', {
      problems: [{ pointer: '/body/changes', detail: 'Nothing comes before this version' }],
      action: 'Leave the changes out.',
    });
  }
  const neighbours: Neighbours = {
    older: { version: older.version, description: await descriptionOf(older, api.settings.kind) },
    newer: { version: given.version, description },
  };
  const derived = given.changes === 'derived' ? derivedChanges(neighbours) : undefined;
  const [open] = derived?.open ?? [];
  if (derived !== undefined && open !== undefined && !given.accept.includes(acceptable.open)) {
    return {
      changes: undefined,
      refusal: new ChangesOpen(
        `${derived.open.length} places could not be derived, the first ${open.endpoint} ${open.pointer}: ${open.reason}`,
        {
          evidence: { open: derived.open.slice(0, 20), more: Math.max(0, derived.open.length - 20) },
          action:
            'Write changes for them beside those that `theseus api transformation derive` finds; on purpose: name open-changes in `accept`, with a reason.',
        },
      ),
    };
  }
  try {
    const { changes } = await checkChanges(derived?.changes ?? given.changes, neighbours, given.accept);
    return { changes };
  } catch (error) {
    if (error instanceof TransformationWrong) return { changes: undefined, refusal: error };
    throw error;
  }
}

/** Reads and compares what is to be registered; stores nothing. Throws InvalidInput, VersionDiffers, TooMany, NotFound. */
export async function examine(api: ApiRecord, given: NewApiVersion): Promise<Candidate | VersionRecord> {
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
  const led = await leadingTo(api, given, description);
  return {
    given,
    text,
    description,
    verdict,
    comparison: comparisonOf(api, before?.version ?? null, given.version, verdict, usage),
    before,
    changes: led.changes,
    refusals: [late, low, await incompatibleWith(api, given, description), led.refusal].filter(
      (one) => one !== undefined,
    ),
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
