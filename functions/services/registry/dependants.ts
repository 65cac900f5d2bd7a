import { compareVersions, satisfying } from '#compatibility/ranges.ts';
import { ConsumerRecord } from '../consumers/records.ts';
import { deleteItem, keys, readAll, writeItem } from '../store.ts';
import type { Known, Reliant } from './check.ts';
import { contractOf } from './contracts.ts';
import { DependantRecord, type VersionRecord } from './records.ts';
import { findVersion, latestOf } from './versions.ts';

/** Writes down that a version depends on others; before the version itself, so that nobody is ever missing. */
export async function enterDependencies(
  service: string,
  version: string,
  dependencies: Readonly<Record<string, string>>,
): Promise<void> {
  for (const [on, range] of Object.entries(dependencies))
    await writeItem(keys.dependant(on, service, version), { service, version, range });
}

/** After the version is gone. */
export async function forgetDependencies({ service, version, dependencies }: VersionRecord): Promise<void> {
  for (const on of Object.keys(dependencies)) await deleteItem(keys.dependant(on, service, version));
}

/** The registered versions of other services that depend on a service. */
async function dependantsOf(service: string): Promise<DependantRecord[]> {
  const entered = await readAll(DependantRecord, keys.dependant(service, '', '').pk, 'DEPENDANT#');
  const found = await Promise.all(
    entered.map(async (one) => {
      // Entered before its version, and forgotten after it.
      const registered = await findVersion(one.service, one.version);
      return registered?.dependencies[service] === one.range ? [one] : [];
    }),
  );
  return found.flat();
}

export const consumersOf = (service: string): Promise<ConsumerRecord[]> =>
  readAll(ConsumerRecord, keys.consumer(service, '').pk, 'CONSUMER#');

export const knownOf = async (record: VersionRecord): Promise<Known> => ({
  version: record.version,
  contract: await contractOf(record),
});

/** The version that somebody's expectations are taken from: what was said, else the lowest that the range allows. */
export function baseOf(
  versions: readonly VersionRecord[],
  range: string,
  builtAgainst: string | undefined,
): VersionRecord | undefined {
  const said = versions.find(({ version }) => version === builtAgainst);
  if (said !== undefined) return said;
  const [lowest] = satisfying(
    versions.map(({ version }) => version),
    range,
  );
  return versions.find(({ version }) => version === lowest);
}

/** Everybody who relies on a service: versions that depend on it, and consumers that said what they use. */
export async function reliantsOn(service: string, versions: readonly VersionRecord[]): Promise<Reliant[]> {
  const [dependants, consumers] = await Promise.all([dependantsOf(service), consumersOf(service)]);
  const usageOf = (name: string, version: string) =>
    consumers.find(
      ({ consumer, contract }) =>
        consumer === name && (contract.version === undefined || contract.version === version),
    )?.contract ?? null;
  const all = [
    ...dependants.map((one) => ({ ...one, usage: usageOf(one.service, one.version) })),
    ...consumers
      .filter(({ consumer }) => !dependants.some((one) => one.service === consumer))
      .map(({ consumer, range, contract }) => ({ service: consumer, version: null, range, usage: contract })),
  ];
  return Promise.all(
    all.map(async (one) => {
      const base = baseOf(versions, one.range, one.usage?.builtAgainst);
      return { ...one, base: base === undefined ? null : await knownOf(base) };
    }),
  );
}

/** What a version is compared with: the highest before it, a released one where there is any. `versions`: the lowest first. */
export function versionBefore(
  versions: readonly VersionRecord[],
  version: string,
): VersionRecord | undefined {
  const before = versions.filter((one) => compareVersions(one.version, version) < 0);
  const latest = latestOf(before.map((one) => one.version));
  return before.find((one) => one.version === latest);
}
