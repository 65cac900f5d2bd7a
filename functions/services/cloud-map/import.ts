import { TheseusError } from '#platform/errors.ts';
import { registerInstance } from '../instances/register.ts';
import { NewInstance } from '../instances/schemas.ts';
import { Name } from '../schemas.ts';
import { ownMark, type Readable, readAttributes } from './attributes.ts';
import { instancesIn, namespaceId, servicesIn } from './read.ts';
import type { Imported } from './schemas.ts';

const mostServices = 50;
const mostImported = 150;
const mostSkipped = 100;
/** Imported again before this is over, an instance stays. */
const leaseSeconds = 3_600;

/** What a namespace holds that is not ours: each an instance of a version, or why it is none. */
export async function readNamespace(
  namespace: string,
  version: string | undefined,
): Promise<{ found: { service: string; instance: string; read: Readable | string }[]; complete: boolean }> {
  const services = await servicesIn(await namespaceId(namespace));
  const found: { service: string; instance: string; read: Readable | string }[] = [];
  for (const { id, name } of services.slice(0, mostServices)) {
    for (const { id: instance, attributes } of await instancesIn(id)) {
      if (attributes[ownMark] !== undefined) continue;
      const read = Name.safeParse(name).success
        ? readAttributes(attributes, version)
        : 'Expected a name of lower-case letters, digits and hyphens';
      found.push({ service: name, instance, read });
    }
  }
  return { found, complete: services.length <= mostServices };
}

/**
 * Registers the instances that others registered in AWS Cloud Map with a lease of an hour: whoever wants them to stay
 * imports again. Their versions have to be registered. Throws CloudMapUnavailable.
 */
export async function importNamespace(
  namespace: string,
  version: string | undefined,
  by: string,
): Promise<Imported> {
  const { found, complete } = await readNamespace(namespace, version);
  const answer: Imported = {
    namespace,
    imported: [],
    skipped: [],
    complete: complete && found.length <= mostImported,
  };
  for (const { service, instance, read } of found.slice(0, mostImported)) {
    const why = typeof read === 'string' ? read : await importOne(service, read, by, answer);
    if (why !== null && answer.skipped.length < mostSkipped) answer.skipped.push({ service, instance, why });
  }
  return answer;
}

/** Why it was not registered; null when it was. */
async function importOne(
  service: string,
  { version, ...read }: Readable,
  by: string,
  answer: Imported,
): Promise<string | null> {
  try {
    const given = NewInstance.parse({ ...read, leaseSeconds });
    const { record } = await registerInstance(service, version, given, by, 'imported');
    answer.imported.push({ service, version, url: record.url, id: record.id });
    return null;
  } catch (error) {
    if (error instanceof TheseusError && error.status < 500) return error.message;
    throw error;
  }
}
