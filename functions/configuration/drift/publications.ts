import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { type Deployed, deployedOf, hostedTexts, problems } from '#platform/appconfig-deployed.ts';
import { clock } from '#platform/clock.ts';
import { environmentVariable } from '#platform/environment.ts';
import type { Place } from '#platform/records.ts';
import { type FindingKind, readFindings, settleFindings } from '../findings.ts';
import { readDefinitions } from '../keys/definitions.ts';
import { documentOf } from '../publications/document.ts';
import { changePublication, findPublication, listPublications } from '../publications/publications.ts';
import { type PublicationRecord, profileName } from '../publications/schemas.ts';
import type { Definition } from '../schemas.ts';
import { keys } from '../store.ts';
import { comparePublished } from './compare-published.ts';
import { PublicationDrift } from './schemas.ts';

/** How often at most one publication is brought back, ms: whoever deploys by hand again and again is not fought. */
const remediateEveryMs = 10 * 60_000;
const mostPublications = 1_000;

const Found = PublicationDrift.omit({ of: true, id: true, since: true });
type Found = z.infer<typeof Found>;

const kind: FindingKind<typeof Found> = {
  key: keys.publicationDrift,
  schema: Found,
  appeared: 'configuration.drifted',
  gone: 'configuration.drift_ended',
};

type Identity = Pick<PublicationRecord, 'environment' | 'service'>;
const idOf = ({ environment, service }: Identity): string => `${environment}.${service}`;

/** Publications in whose place AppConfig has something else in force, as the last look found it. */
export async function readPublicationDrift(): Promise<PublicationDrift[]> {
  return (await readFindings(kind)).map(({ id, since, what }) => ({
    of: 'publication',
    id,
    since,
    ...what,
  }));
}

async function readPublications(): Promise<PublicationRecord[]> {
  const found: PublicationRecord[] = [];
  let from: Place | undefined;
  do {
    const page = await listPublications(100, from);
    found.push(...page.items);
    from = page.next;
  } while (from !== undefined && found.length < mostPublications);
  return found;
}

/** The deployments of a publication: while they are the same, nothing of ours was deployed. */
const position = ({ resources, deployed, deploying, refused }: PublicationRecord) => ({
  resources,
  deployed,
  deploying,
  refused,
});

/** What AppConfig has in force of every publication, by id: asked once for each environment. */
async function inForce(
  publications: readonly PublicationRecord[],
): Promise<Map<string, Deployed | 'no environment' | null>> {
  const applicationId = environmentVariable('CONFIGURATION_APPLICATION');
  const byEnvironment = Map.groupBy(
    publications.filter(({ resources }) => resources !== null),
    ({ resources }) => resources?.environmentId ?? '',
  );
  const found = new Map<string, Deployed | 'no environment' | null>();
  for (const [environmentId, all] of byEnvironment) {
    const deployed = await deployedOf(
      { applicationId, environmentId },
      all.flatMap((one) =>
        one.resources === null ? [] : [{ id: one.resources.profileId, name: profileName(one) }],
      ),
    );
    for (const one of all) {
      const own = deployed === undefined ? 'no environment' : deployed.get(one.resources?.profileId ?? '');
      // Where it is not among the newest deployments, nobody knows.
      if (own !== undefined) found.set(idOf(one), own);
    }
  }
  return found;
}

/** How what is in force differs; null where it does not. Undefined while a deployment of ours is about to be made. */
async function compare(
  record: PublicationRecord,
  has: Deployed | 'no environment' | null,
): Promise<Found | null | undefined> {
  const { environment, service, deployed, resources, refused, redeployedAt } = record;
  if (deployed === null || resources === null) return undefined;
  if (has !== null && has !== 'no environment' && has.version === deployed.version) return null;
  const { hash } = await documentOf(record);
  if (hash !== deployed.hash && hash !== refused?.hash) return undefined;
  const definitions = await definitionsOf(record);
  const drift = (problem: string | null, differences: Found['differences'] = []): Found => {
    const meant = new Set(differences.map(({ namespace, key }) => `${namespace}/${key}`));
    return {
      environment,
      service,
      expected: deployed.version,
      problem,
      differences,
      found: has === 'no environment' ? null : has,
      remediate: [...definitions].some(
        ([name, { policy }]) => policy.remediate && (differences.length === 0 || meant.has(name)),
      ),
      remediatedAt: redeployedAt,
    };
  };
  if (has === null) return drift(problems.nothing);
  if (has === 'no environment') return drift(problems.noEnvironment);
  const texts = await hostedTexts(
    { applicationId: environmentVariable('CONFIGURATION_APPLICATION'), profileId: resources.profileId },
    { expected: deployed.version, found: has.version },
  );
  if ('problem' in texts) return drift(texts.problem);
  const { differences, problem } = comparePublished(
    texts.expected,
    texts.found,
    (namespace, key) => definitions.get(`${namespace}/${key}`)?.secret === false,
  );
  // Hosted once more, and the same: nobody reads anything else.
  return differences.length === 0 && problem === null ? null : drift(problem, differences);
}

async function definitionsOf({ namespaces }: PublicationRecord): Promise<Map<string, Definition>> {
  const all = await Promise.all(namespaces.map(readDefinitions));
  return new Map(all.flat().map((one) => [`${one.namespace}/${one.key}`, one]));
}

/** Lets a publication be deployed again, as the sweep does with what is not deployed; made again where it is gone. */
const deployedAnew = ({ found }: Pick<Found, 'found'>): Partial<PublicationRecord> => ({
  deployed: null,
  ...(found === null ? { resources: null } : {}),
});

/** The same when a person asks for it; nothing where the last look found nothing. */
export async function redeployDrifted(record: PublicationRecord): Promise<PublicationRecord> {
  const drift = (await readPublicationDrift()).find(({ id }) => id === idOf(record));
  if (drift === undefined || record.deploying !== null) return record;
  return changePublication(record, (found) =>
    isDeepStrictEqual(position(found), position(record)) ? deployedAnew(drift) : undefined,
  );
}

const isDue = ({ remediate, remediatedAt, found }: Found): boolean =>
  remediate &&
  found?.complete !== false &&
  (remediatedAt === null || clock.now() - Date.parse(remediatedAt) >= remediateEveryMs);

/**
 * Holds what AppConfig has in force against what was deployed there, keeps what differs, and lets it be deployed again
 * where a policy says so. `signal` ends it between two publications.
 */
export async function detectPublicationDrift(
  signal: AbortSignal,
): Promise<{ drifted: number; redeployed: number }> {
  const before = await readPublications();
  const former = new Map((await readFindings(kind)).map(({ id, what }) => [id, what]));
  const has = await inForce(before);
  const found = new Map<string, Found>();
  let redeployed = 0;
  for (const record of before) {
    signal.throwIfAborted();
    const id = idOf(record);
    const own = has.get(id);
    const drift = own === undefined ? undefined : await compare(record, own);
    const now = await findPublication(record);
    // It is published no more.
    if (now === undefined) continue;
    const known = former.get(id);
    // Somebody deployed meanwhile, or is about to: the next look sees what came of it.
    if (
      drift === undefined ||
      now.deploying !== null ||
      !isDeepStrictEqual(position(now), position(record))
    ) {
      if (known !== undefined) found.set(id, known);
      continue;
    }
    if (drift === null) continue;
    found.set(id, drift);
    if (!isDue(drift)) continue;
    const at = clock.iso();
    await changePublication(now, (current) =>
      isDeepStrictEqual(position(current), position(now))
        ? { ...deployedAnew(drift), redeployedAt: at }
        : undefined,
    );
    found.set(id, { ...drift, remediatedAt: at });
    redeployed += 1;
  }
  const asJson = new Map([...found].map(([id, one]) => [id, z.json().parse(one)]));
  await settleFindings(kind, asJson);
  return { drifted: found.size, redeployed };
}
