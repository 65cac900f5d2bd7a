import type { Shape } from '#compatibility/contracts/shape.ts';
import type { Compatibility } from '../schemas.ts';
import { brokenBy, compatibilityOf, type Known } from './check.ts';
import { knownOf, reliantsOn, versionBefore } from './dependants.ts';
import { readVersion, readVersions } from './versions.ts';

/** What a version that is not registered would do to those who rely on the service. */
export async function compareNew(
  service: string,
  version: string,
  contract: Shape | null,
): Promise<Compatibility> {
  const versions = await readVersions(service);
  const before = versionBefore(versions, version);
  const next: Known = { version, contract };
  const broken = brokenBy(next, await reliantsOn(service, versions), null);
  return compatibilityOf(service, before === undefined ? null : await knownOf(before), next, broken);
}

/** What it does to put one registered version in the place of another. `from` null: in nobody's place. Throws NotFound. */
export async function compareRegistered(
  service: string,
  from: string | null,
  to: string,
): Promise<Compatibility> {
  const next = await knownOf(await readVersion(service, to));
  const old = from === null ? null : await knownOf(await readVersion(service, from));
  const reliants = await reliantsOn(service, await readVersions(service));
  return compatibilityOf(service, old, next, brokenBy(next, reliants, from));
}
