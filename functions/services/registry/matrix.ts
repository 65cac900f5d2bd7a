import type { Shape } from '#compatibility/contracts/shape.ts';
import { compatibilityMatrix } from '#compatibility/matrix.ts';
import { contractOf } from './contracts.ts';
import { consumersOf } from './dependants.ts';
import type { Matrix } from './matrix-schemas.ts';
import type { VersionRecord } from './records.ts';
import { listServices, readVersions } from './versions.ts';

/** What one request compares at most. */
const mostServices = 200;
const mostVersions = 500;
const mostRows = 500;
const mostBreaking = 5;

async function readAll(): Promise<{ versions: VersionRecord[]; names: string[]; complete: boolean }> {
  const { items, next } = await listServices(mostServices, undefined);
  const versions: VersionRecord[] = [];
  for (const { name } of items) {
    versions.push(...(await readVersions(name)));
    if (versions.length > mostVersions)
      return {
        versions: versions.slice(0, mostVersions),
        names: items.map((one) => one.name),
        complete: false,
      };
  }
  return { versions, names: items.map((one) => one.name), complete: next === undefined };
}

/**
 * For each registered version and each of its dependencies: which versions lie in its range, and with which it goes on.
 * Of `service` only: its versions as dependants, and those who depend on it.
 */
export async function matrixOf(service: string | undefined): Promise<Matrix> {
  const { versions, names, complete } = await readAll();
  const wanted = versions.filter(
    (one) =>
      service === undefined ||
      one.service === service ||
      one.dependencies[service] !== undefined ||
      versions.some((other) => other.service === service && other.dependencies[one.service] !== undefined),
  );
  const registered = await Promise.all(
    wanted.map(async (one) => ({
      service: one.service,
      version: one.version,
      contract: { ...((await contractOf(one)) ?? without), dependencies: one.dependencies } satisfies Shape,
    })),
  );
  const consumers = (await Promise.all(names.map(consumersOf))).flat().map(({ contract }) => contract);
  const bare = new Set(
    wanted.flatMap((one) => (one.contract === null ? [`${one.service} ${one.version}`] : [])),
  );
  const rows = compatibilityMatrix(registered, consumers)
    .filter((row) => service === undefined || row.dependant === service || row.dependency === service)
    .map(({ builtAgainst = null, candidates, ...row }) => ({
      ...row,
      builtAgainst,
      candidates: candidates.map(({ version, compatible, breaking }) => {
        const known =
          !bare.has(`${row.dependency} ${version}`) && !bare.has(`${row.dependency} ${builtAgainst}`);
        const told = breaking.slice(0, mostBreaking).map(({ rule, message }) => ({ rule, message }));
        return known ? { version, compatible, breaking: told } : { version, compatible: null, breaking: [] };
      }),
    }));
  return {
    rows: rows.slice(0, mostRows),
    versions: wanted.length,
    complete: complete && rows.length <= mostRows,
  };
}

const without: Shape = { endpoints: [] };
