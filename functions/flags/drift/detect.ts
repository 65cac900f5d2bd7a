import { isDeepStrictEqual } from 'node:util';
import { deployedOf, hostedTexts, problems } from '#platform/appconfig-deployed.ts';
import { clock } from '#platform/clock.ts';
import { environmentVariable } from '#platform/environment.ts';
import { isUnsettled } from '../publishing/progress.ts';
import type { Moved, PublicationPlace } from '../publishing/publish.ts';
import type { Publication } from '../records.ts';
import { compareDocuments } from './compare.ts';
import type { FoundDrift } from './schemas.ts';

/** How often at most one document is brought back, ms: whoever deploys it by hand again and again is not fought. */
const redeployEveryMs = 10 * 60_000;

type Seen = Pick<FoundDrift, 'found' | 'problem' | 'differences'>;

/** The deployments of a publication, and what they are of: while these are the same, nothing of ours was deployed. */
const position = ({ revision, resources, deployed, deploying, refused }: Publication) => ({
  revision,
  resources,
  deployed,
  deploying,
  refused,
});

/** The version that ought to be in force, where that is certain: no deployment of ours is on its way or about to be. */
function expectedVersion(publication: Publication): number | undefined {
  const { deployed, hosted } = publication;
  if (deployed === null || isUnsettled(publication)) return undefined;
  return deployed.version ?? (hosted?.revision === deployed.revision ? hosted.version : undefined);
}

/**
 * What AppConfig has in force of a publication in place of what ought to be; null where that is in force. Undefined while
 * a deployment of ours is on its way, and where nothing was deployed.
 */
async function lookAt(name: string, publication: Publication): Promise<Seen | null | undefined> {
  const { resources } = publication;
  const version = expectedVersion(publication);
  if (resources === null || version === undefined) return undefined;
  const { environmentId, profileId } = resources;
  const applicationId = environmentVariable('FLAGS_APPLICATION');
  const deployed = await deployedOf({ applicationId, environmentId }, [{ id: profileId, name }]);
  if (deployed === undefined) return { found: null, problem: problems.noEnvironment, differences: [] };
  const found = deployed.get(profileId);
  if (found === undefined || found?.version === version) return found === undefined ? undefined : null;
  if (found === null) return { found, problem: problems.nothing, differences: [] };
  const texts = await hostedTexts({ applicationId, profileId }, { expected: version, found: found.version });
  if ('problem' in texts) return { found, problem: texts.problem, differences: [] };
  const { differences, problem } = compareDocuments(texts.expected, texts.found);
  // Hosted once more, and the same: nobody reads anything else.
  return differences.length === 0 && problem === null ? null : { found, problem, differences };
}

/** Whether what was seen is to be brought back now. */
function isToBeRedeployed({ redeployedAt, deployed, revision }: Publication, seen: Seen): boolean {
  // A revision that was taken back is not tried again by itself; nor is a deployment of somebody else cut short.
  if (deployed?.revision !== revision || seen.found?.complete === false) return false;
  return redeployedAt === null || clock.now() - Date.parse(redeployedAt) >= redeployEveryMs;
}

function drifted(name: string, found: Publication, seen: Seen, remediate: boolean): Moved | undefined {
  const { drift, revision } = found;
  const again = remediate && isToBeRedeployed(found, seen);
  const same = drift !== null && isDeepStrictEqual(seenOf(drift), seenOf(seen));
  if (same && !again) return undefined;
  const data = {
    document: name,
    revision,
    deployment: seen.found?.deployment ?? null,
    version: seen.found?.version ?? null,
    differences: seen.differences.length,
  };
  const next: FoundDrift = { ...seen, since: drift?.since ?? clock.iso() };
  return {
    set: { drift: next, ...(again ? { ...deployedAnew(found, seen), redeployedAt: clock.iso() } : {}) },
    events: [
      ...(drift === null ? [{ type: 'flags.drifted', actor: 'theseus', data }] : []),
      ...(again ? [{ type: 'flags.redeployed', actor: 'theseus', data: { ...data, why: 'drift' } }] : []),
    ],
  };
}

const seenOf = ({ found, problem, differences }: Seen): Seen => ({ found, problem, differences });

/** The same document as another revision, which the queue deploys; its environment is made again where it is gone. */
export const deployedAnew = (
  { revision }: Pick<Publication, 'revision'>,
  { found }: Pick<Seen, 'found'>,
): Partial<Publication> => ({
  revision: revision + 1,
  ...(found === null ? { resources: null, hosted: null } : {}),
});

/**
 * Holds what AppConfig has in force against what was deployed last, keeps what differs, and has it deployed anew where
 * `remediate` says so. What changed meanwhile is left to the next look. Returns whether something else is in force.
 */
export async function detectDrift(place: PublicationPlace, remediate: boolean): Promise<boolean> {
  const before = await place.read();
  const seen = await lookAt(place.name, before);
  if (seen === undefined) return before.drift !== null;
  const after = await place.change((found) => {
    if (!isDeepStrictEqual(position(found), position(before))) return undefined;
    if (seen !== null) return drifted(place.name, found, seen, remediate);
    if (found.drift === null) return undefined;
    const data = { document: place.name, revision: found.revision };
    return { set: { drift: null }, events: [{ type: 'flags.drift_ended', actor: 'theseus', data }] };
  });
  return after.drift !== null;
}
