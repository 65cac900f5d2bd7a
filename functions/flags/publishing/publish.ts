import {
  ensureEnvironment,
  ensureProfile,
  host,
  readDeployment,
  refusalOf,
  startDeployment,
} from '#platform/appconfig.ts';
import { deleteOldVersions } from '#platform/appconfig-hosted.ts';
import { clock } from '#platform/clock.ts';
import type { NewEvent } from '#platform/workflow-record.ts';
import type { Publication } from '../records.ts';
import { application, deploymentOf, labelOf, labelPrefix, validators, watchAlarms } from './appconfig.ts';
import { isUnsettled } from './progress.ts';

/** Where it is written down how far a document has come. */
export interface PublicationPlace {
  /** Of its environment and its profile at AppConfig. */
  name: string;
  read: () => Promise<Publication>;
  /** Writes what a decision makes of the publication; decides anew when somebody wrote between. */
  change: (decide: (found: Publication) => Moved | undefined) => Promise<Publication>;
}

/** A document that is published. */
export interface Place extends PublicationPlace {
  /** The newest document, as text, the revision that it is, and how it is to come into force. */
  newest: () => Promise<{ revision: number; text: string; strategyId: string; alarms: readonly string[] }>;
}

/** What changed of a publication, and what is told of it. */
export interface Moved {
  set: Partial<Publication>;
  events?: NewEvent[];
}

/** Who acts where nobody asked. */
const platform = 'theseus';
/** Making an environment and a profile takes less, its tries included. */
const makingMs = 90_000;

/**
 * Brings the newest document of a place as far as it can come now: observes the deployment that goes on, and starts the
 * next one when there is none. Every step finds out whether it was done before, so that it may be cut off anywhere and
 * run again, by several at once too. What comes meanwhile goes into the next deployment, all of it in one.
 */
export async function publish(place: Place): Promise<Publication> {
  const observed = await observe(place, await place.read());
  if (observed.deploying !== null || !isUnsettled(observed)) return observed;
  const { revision, text, strategyId, alarms } = await place.newest();
  try {
    const resources = await ensureResources(place, observed);
    if (resources === undefined) return observed;
    if (JSON.stringify(resources.alarms) !== JSON.stringify(alarms)) {
      await watchAlarms(resources.environmentId, alarms);
      await place.change(() => ({ set: { resources: { ...resources, alarms: [...alarms] } } }));
    }
    const { environmentId } = resources;
    const profile = { ApplicationId: application(), profileId: resources.profileId };
    const version =
      observed.hosted?.revision === revision
        ? observed.hosted.version
        : await host(profile, labelOf(revision, text), text);
    await place.change((found) =>
      found.hosted === null || found.hosted.revision < revision
        ? { set: { hosted: { revision, version } } }
        : undefined,
    );
    // A run before this one may have started it, and been cut off before it said so.
    const deployment =
      (await deploymentOf(environmentId, version)) ??
      (await startDeployment({
        ...profile,
        environmentId,
        version,
        strategyId,
        description: `revision ${revision}`,
      }));
    if (deployment === undefined) return observed;
    const deploying = { revision, deployment, percentage: 0, since: clock.iso() };
    const started = await place.change((found) =>
      found.deploying === null && (found.deployed?.revision ?? 0) < revision
        ? {
            set: { deploying },
            events: [{ type: 'flags.deploying', actor: platform, data: { document: place.name, revision } }],
          }
        : undefined,
    );
    return observe(place, started);
  } catch (error) {
    const why = refusalOf(error);
    if (why === undefined) throw error;
    return place.change(() => refused(place, revision, why));
  }
}

const refused = ({ name }: Place, revision: number, why: string): Moved => ({
  set: { deploying: null, refused: { revision, why, at: clock.iso() } },
  events: [{ type: 'flags.rolled_back', actor: platform, data: { document: name, revision, why } }],
});

/** The environment and the profile of a place; undefined while somebody else makes them. */
async function ensureResources(place: Place, found: Publication) {
  if (found.resources !== null) return found.resources;
  const now = clock.now();
  let mine = false;
  const claimed = await place.change((current) => {
    const free = current.makingUntil === null || Date.parse(current.makingUntil) < now;
    mine = current.resources === null && free;
    return mine ? { set: { makingUntil: new Date(now + makingMs).toISOString() } } : undefined;
  });
  if (!mine) return claimed.resources ?? undefined;
  try {
    const environmentId = await ensureEnvironment(application(), place.name);
    const profileId = await ensureProfile(application(), place.name, validators());
    const resources = { environmentId, profileId, alarms: [] };
    await place.change(() => ({ set: { resources, makingUntil: null } }));
    return resources;
  } catch (error) {
    // Whoever comes next need not wait for one who will not come back.
    await place.change(() => ({ set: { makingUntil: null } }));
    throw error;
  }
}

/** Deletes hosted versions that nobody needs any more; what fails is for the end of the next deployment. */
async function deleteOld({ resources, deployed, hosted }: Publication): Promise<void> {
  if (resources === null) return;
  const needed = [deployed?.version, hosted?.version].flatMap((version) => version ?? []);
  const { environmentId, profileId } = resources;
  const hosting = { ApplicationId: application(), environmentId, profileId };
  await deleteOldVersions(hosting, labelPrefix, needed).catch(() => 0);
}

const versionOf = (text: string | undefined): number | null =>
  text === undefined || !/^\d+$/.test(text) ? null : Number(text);

/** Enters how far the deployment that goes on has come. */
async function observe(place: Place, found: Publication): Promise<Publication> {
  const { deploying, resources } = found;
  if (deploying === null || resources === null) return found;
  const { deployment, revision } = deploying;
  const {
    State,
    ConfigurationVersion,
    PercentageComplete = 0,
    EventLog = [],
  } = await readDeployment(application(), resources.environmentId, deployment);
  const ifStill = (moved: Moved) =>
    place.change((current) => (current.deploying?.deployment === deployment ? moved : undefined));
  if (State === 'COMPLETE') {
    const ended = await ifStill({
      set: {
        deploying: null,
        deployed: { revision, at: clock.iso(), version: versionOf(ConfigurationVersion) },
      },
      events: [{ type: 'flags.deployed', actor: platform, data: { document: place.name, revision } }],
    });
    await deleteOld(ended);
    return ended;
  }
  if (State === 'ROLLED_BACK' || State === 'REVERTED') {
    const [cause] = EventLog.filter(({ EventType }) => EventType === 'ROLLBACK_STARTED');
    const by = cause?.TriggeredBy === 'CLOUDWATCH_ALARM' ? 'An alarm took it back' : 'It was taken back';
    return ifStill(refused(place, revision, `${by}: ${cause?.Description ?? State}`));
  }
  if (PercentageComplete === deploying.percentage) return found;
  return ifStill({ set: { deploying: { ...deploying, percentage: PercentageComplete } } });
}
