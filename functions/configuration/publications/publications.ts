import { clock } from '#platform/clock.ts';
import { NotFound, RecordContended } from '#platform/errors.ts';
import { jitteredBackoff } from '#platform/random.ts';
import { absent, type ItemPage, type Place } from '#platform/records.ts';
import { deleteItem, keys, readItem, readPage, writeItem } from '../store.ts';
import { type NewPublication, type Publication, PublicationRecord } from './schemas.ts';

type Identity = Pick<Publication, 'environment' | 'service'>;

const contentionAttempts = 8;

export const findPublication = ({ environment, service }: Identity): Promise<PublicationRecord | undefined> =>
  readItem(PublicationRecord, keys.publication(environment, service));

/** Throws NotFound. */
export async function readPublication(identity: Identity): Promise<PublicationRecord> {
  const found = await findPublication(identity);
  if (found !== undefined) return found;
  const { environment, service } = identity;
  throw new NotFound(`Configuration of ${service} in ${environment} is not published`, {
    evidence: { environment, service },
    action: `Publish it with \`theseus config publish ${service} --environment ${environment} --namespace <namespace>\`.`,
  });
}

/** A page of publications, by environment and service. */
export const listPublications = (
  limit: number,
  from: Place | undefined,
): Promise<ItemPage<PublicationRecord>> =>
  readPage(PublicationRecord, { pk: keys.publication('', '').pk, limit, from });

const ofRevision = (revision: number) => ({
  expression: 'revision = :revision',
  values: { ':revision': revision },
});

/** Changes a publication; decides anew when somebody wrote between. Throws NotFound, RecordContended. */
export async function changePublication(
  identity: Identity,
  decide: (found: PublicationRecord) => Partial<PublicationRecord> | undefined,
): Promise<PublicationRecord> {
  for (let attempt = 0; attempt < contentionAttempts; attempt += 1) {
    const found = await readPublication(identity);
    const change = decide(found);
    if (change === undefined) return found;
    const next = { ...found, ...change, revision: found.revision + 1, updatedAt: clock.iso() };
    const { environment, service } = identity;
    if (await writeItem(keys.publication(environment, service), next, ofRevision(found.revision)))
      return next;
    await clock.sleep(jitteredBackoff(attempt, 20, 500));
  }
  throw new RecordContended(
    `The publication of ${identity.service} was written by others ${contentionAttempts} times in a row`,
    { evidence: { ...identity }, action: 'Repeat the request.' },
  );
}

/** Sets what a service reads from AppConfig; the same again changes nothing. */
export async function setPublication(
  identity: Identity,
  { namespaces }: NewPublication,
  by: string,
): Promise<{ record: PublicationRecord; created: boolean }> {
  const at = clock.iso();
  const made: PublicationRecord = {
    schemaVersion: 1,
    revision: 1,
    ...identity,
    namespaces,
    resources: null,
    deploying: null,
    deployed: null,
    refused: null,
    redeployedAt: null,
    createdAt: at,
    updatedAt: at,
    updatedBy: by,
  };
  if (await writeItem(keys.publication(identity.environment, identity.service), made, absent))
    return { record: made, created: true };
  const record = await changePublication(identity, (found) =>
    JSON.stringify(found.namespaces) === JSON.stringify(namespaces)
      ? undefined
      : { namespaces, updatedBy: by },
  );
  return { record, created: false };
}

/** Publishes no more; what is deployed stays at AppConfig until somebody deletes it there. Throws NotFound. */
export async function removePublication(identity: Identity): Promise<void> {
  await readPublication(identity);
  await deleteItem(keys.publication(identity.environment, identity.service));
}

export const publicationView = ({
  schemaVersion: _,
  revision: __,
  ...shown
}: PublicationRecord): Publication => shown;
