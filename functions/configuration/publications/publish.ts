import {
  ensureEnvironment,
  ensureProfile,
  host,
  hostedVersion,
  readDeployment,
  refusalOf,
  startDeployment,
} from '#platform/appconfig.ts';
import { deleteOldVersions } from '#platform/appconfig-hosted.ts';
import { clock } from '#platform/clock.ts';
import { environmentVariable } from '#platform/environment.ts';
import type { Place } from '#platform/records.ts';
import type { InvocationLogger, InvocationMetrics } from '#platform/telemetry.ts';
import { documentOf } from './document.ts';
import { changePublication, listPublications, readPublication } from './publications.ts';
import { largestDocument, type PublicationRecord, profileName } from './schemas.ts';

/** What the labels of versions begin with that are ours. */
const labelPrefix = 'document-';
const application = () => environmentVariable('CONFIGURATION_APPLICATION');

/**
 * Brings the newest document of a publication as far as it can come now. Every step finds out whether it was done
 * before, so that it may be cut off anywhere and run again. What changes meanwhile goes into the next deployment.
 */
export async function publish(found: PublicationRecord): Promise<PublicationRecord> {
  const observed = await observe(found);
  if (observed.deploying !== null) return observed;
  const { hash, text, bytes } = await documentOf(observed);
  if (observed.deployed?.hash === hash || observed.refused?.hash === hash) return observed;
  if (bytes > largestDocument) {
    return refuse(observed, hash, `The document has ${bytes} bytes, AppConfig takes ${largestDocument}`);
  }
  try {
    const { environmentId, profileId } = observed.resources ?? (await makeResources(observed));
    const profile = { ApplicationId: application(), profileId };
    const version = await host(profile, `${labelPrefix}${hash}`, text);
    const deployment = await startDeployment({
      ...profile,
      environmentId,
      version,
      strategyId: environmentVariable('CONFIGURATION_IMMEDIATE_STRATEGY'),
      description: `document ${hash}`,
    });
    // Another service's deployment goes on in this environment: the next sweep finds it free.
    if (deployment === undefined) return observed;
    const deploying = { hash, version, deployment, since: clock.iso() };
    return await observe(await changePublication(observed, () => ({ deploying, refused: null })));
  } catch (error) {
    const why = refusalOf(error);
    if (why === undefined || (await wasDeleted(observed, hash))) throw error;
    return refuse(observed, hash, why);
  }
}

/** An old version that was to be deployed once more may have been deleted between, which the next run finds out. */
const wasDeleted = async ({ resources }: PublicationRecord, hash: string): Promise<boolean> =>
  resources !== null &&
  (await hostedVersion(
    { ApplicationId: application(), profileId: resources.profileId },
    `${labelPrefix}${hash}`,
  )) === undefined;

const refuse = (record: PublicationRecord, hash: string, why: string): Promise<PublicationRecord> =>
  changePublication(record, () => ({ deploying: null, refused: { hash, why, at: clock.iso() } }));

async function makeResources(record: PublicationRecord) {
  const environmentId = await ensureEnvironment(application(), record.environment);
  const profileId = await ensureProfile(application(), profileName(record), []);
  const resources = { environmentId, profileId };
  await changePublication(record, () => ({ resources }));
  return resources;
}

/** Enters how the deployment stands that goes on. */
async function observe(record: PublicationRecord): Promise<PublicationRecord> {
  const { deploying, resources } = record;
  if (deploying === null || resources === null) return record;
  const { hash, version, deployment } = deploying;
  const { State: state } = await readDeployment(application(), resources.environmentId, deployment);
  const ended = (change: Partial<PublicationRecord>) =>
    changePublication(record, (current) =>
      current.deploying?.deployment === deployment ? { deploying: null, ...change } : undefined,
    );
  const at = clock.iso();
  if (state === 'COMPLETE') {
    const deployed = await ended({ deployed: { hash, version, at } });
    // What fails is for the end of the next deployment.
    const hosting = { ApplicationId: application(), ...resources };
    await deleteOldVersions(hosting, labelPrefix, [version]).catch(() => 0);
    return deployed;
  }
  if (state === 'ROLLED_BACK' || state === 'REVERTED')
    return ended({ refused: { hash, why: `AppConfig took it back: ${state}`, at } });
  return record;
}

interface Tools {
  logger: InvocationLogger;
  metrics: InvocationMetrics;
}

/** Publishes one as far as it is possible now; what was stored counts anyway, and the sweep does the rest. */
export async function tryToPublish(record: PublicationRecord, { logger, metrics }: Tools): Promise<boolean> {
  try {
    await publish(record);
    return true;
  } catch (error) {
    metrics.count('PublishFailed');
    logger.warn(
      'configuration not published; the sweep does it',
      error instanceof Error ? error : String(error),
    );
    return false;
  }
}

/** Publishes whatever is not yet as it is stored. Returns how many were looked at. */
export async function publishAll(tools: Tools): Promise<number> {
  let looked = 0;
  let from: Place | undefined;
  do {
    const page = await listPublications(50, from);
    for (const { environment, service } of page.items) {
      await tryToPublish(await readPublication({ environment, service }), tools);
      looked += 1;
    }
    from = page.next;
  } while (from !== undefined && looked < 1_000);
  return looked;
}
