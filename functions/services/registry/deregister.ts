import { satisfies } from '#compatibility/ranges.ts';
import { ServiceInUse, VersionNeeded } from '../errors.ts';
import { forgetInstance, instancesOf } from '../instances/store.ts';
import type { Dependant } from '../schemas.ts';
import { deleteItem, keys } from '../store.ts';
import type { Reliant } from './check.ts';
import { forgetContract } from './contracts.ts';
import { consumersOf, forgetDependencies, reliantsOn } from './dependants.ts';
import { readService, readVersion, readVersions, refreshService } from './versions.ts';

/** Those whose range has this version and no other one. `others`: every other registered version. */
export const onlyServedBy = (
  version: string,
  others: readonly string[],
  reliants: readonly Pick<Reliant, 'service' | 'version' | 'range'>[],
): Dependant[] =>
  reliants.flatMap(({ service, version: own, range }) =>
    satisfies(version, range) && !others.some((other) => satisfies(other, range))
      ? [{ service, version: own, range }]
      : [],
  );

/**
 * Forgets a version, its contract and its instances. Unless forced, throws VersionNeeded while somebody's range has this
 * version alone. Throws NotFound.
 */
export async function deregisterVersion(service: string, version: string, force: boolean): Promise<void> {
  const record = await readVersion(service, version);
  const versions = await readVersions(service);
  const others = versions.map((one) => one.version).filter((one) => one !== version);
  const needed = onlyServedBy(version, others, await reliantsOn(service, versions));
  if (needed.length > 0 && !force) {
    const names = needed.map((one) => `${one.service}${one.version === null ? '' : ` ${one.version}`}`);
    throw new VersionNeeded(`${service} ${version} is all that ${names.join(', ')} can go on with`, {
      evidence: { dependants: needed },
      action:
        'Register another version in their ranges, or deregister them first; `force` with a reason does it anyway.',
    });
  }
  await deleteItem(keys.version(service, version));
  await forgetDependencies(record);
  for (const instance of await instancesOf(service, version)) await forgetInstance(instance);
  if (record.contract !== null) await forgetContract(service, version, record.contract.id);
  await refreshService(service);
}

/** Forgets a service that has neither versions nor consumers. Throws NotFound, ServiceInUse. */
export async function forgetService(name: string): Promise<void> {
  const entry = await readService(name);
  const versions = (await readVersions(name)).map(({ version }) => version);
  const consumers = (await consumersOf(name)).map(({ consumer }) => consumer);
  const unchanged = { expression: 'revision = :revision', values: { ':revision': entry.revision } };
  const empty = versions.length === 0 && consumers.length === 0;
  if (empty && (await deleteItem(keys.service(name), unchanged))) return;
  throw new ServiceInUse(`${name} still has ${versions.length} versions and ${consumers.length} consumers`, {
    evidence: { versions: versions.slice(0, 50), consumers: consumers.slice(0, 50) },
    action: 'Deregister its versions and remove its consumers first.',
  });
}
