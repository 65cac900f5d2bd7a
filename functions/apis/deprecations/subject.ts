import { DeprecationRefused } from '../errors.ts';
import type { ApiRecord } from '../records.ts';
import { compareApiVersions } from '../registry/versions.ts';
import type { DeprecationRecord } from './records.ts';
import { type Element, elementKey, type NewDeprecation } from './schemas.ts';

type Asked = Pick<NewDeprecation, 'version' | 'elements' | 'successor'>;
/** A deprecation that is not over. */
type Open = Pick<DeprecationRecord, 'id' | 'version' | 'elements'>;

/**
 * Where consumers of what is deprecated are to go. Throws DeprecationRefused for a version that is not there or is gone, the
 * only one, one with nothing newer that is active, one in deprecation already, and a successor that cannot take its place.
 */
export function successorOf(api: ApiRecord, asked: Asked, open: readonly Open[]): string {
  const refuse = (message: string, action: string, evidence: Record<string, unknown> = {}): never => {
    throw new DeprecationRefused(message, {
      evidence: { api: api.id, version: asked.version, ...evidence },
      action,
    });
  };
  const { versioning } = api.settings;
  const subject = api.versions.find(({ version }) => version === asked.version);
  if (subject === undefined)
    return refuse(
      `${api.id} ${asked.version} is not registered`,
      `Name one of its versions: theseus api versions ${api.id}`,
      { registered: api.versions.map(({ version }) => version).slice(-20) },
    );
  if (subject.status === 'removed')
    return refuse(`${api.id} ${asked.version} is removed already`, 'Nothing: it answers 410.');
  const collides = open.find((one) => meets(one, asked));
  if (collides !== undefined)
    return refuse(
      `${api.id} ${asked.version} is in deprecation already: ${collides.id}`,
      `See how it stands: theseus api deprecation show ${api.id} ${collides.id}`,
      { deprecation: collides.id },
    );
  // A part goes while its version stays: consumers stay with the version, or take a newer one.
  if (asked.elements !== null && asked.successor === null) return newestActive(api) ?? asked.version;
  if (api.versions.filter(({ status }) => status !== 'removed').length < 2)
    return refuse(
      `${asked.version} is the only version of ${api.id}: its consumers would have nowhere to go`,
      'Register its successor first.',
    );
  const successor = asked.successor ?? newestActive(api);
  const found = api.versions.find(({ version }) => version === successor);
  if (successor === null || found === undefined)
    return refuse(
      `The successor ${successor} of ${api.id} is not registered`,
      'Register it first, or name another.',
      {
        successor,
      },
    );
  const order = compareApiVersions(versioning, successor, asked.version);
  if (order < 0 && asked.successor !== null)
    return refuse(`The successor ${successor} is older than ${asked.version}`, 'Name a newer version.', {
      successor,
    });
  if (order <= 0 && asked.elements === null)
    return refuse(
      `${asked.version} is the newest version of ${api.id}: nothing comes after it`,
      'Register its successor first.',
    );
  if (found.status !== 'active')
    return refuse(`The successor ${successor} is ${found.status} itself`, 'Name a version that stays.', {
      successor,
    });
  return successor;
}

/** The newest version that stays, prereleases included. */
const newestActive = ({ versions }: ApiRecord): string | null =>
  versions.findLast(({ status }) => status === 'active')?.version ?? null;

/** Whether two deprecations are of the same thing: a version as a whole, or a part in common. */
function meets(one: Open, asked: Asked): boolean {
  if (one.version !== asked.version) return false;
  if (one.elements === null || asked.elements === null) return one.elements === asked.elements;
  const keys = new Set(one.elements.map(elementKey));
  return asked.elements.some((element) => keys.has(elementKey(element)));
}

/** Throws DeprecationRefused naming the elements that the version does not have. */
export function assertElements(
  api: string,
  { version, elements }: Asked,
  has: (element: Element) => boolean,
): void {
  const unknown = (elements ?? []).filter((element) => !has(element)).map(elementKey);
  if (unknown.length === 0) return;
  throw new DeprecationRefused(`${api} ${version} has no ${unknown.slice(0, 5).join(', no ')}`, {
    evidence: { api, version, unknown: unknown.slice(0, 50) },
    action: 'Name endpoints, fields and types as the description of the version has them.',
  });
}
