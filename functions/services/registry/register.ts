import { createHash } from 'node:crypto';
import { canonical } from '#compatibility/json-schema/document.ts';
import { clock } from '#platform/clock.ts';
import { RecordContended } from '#platform/errors.ts';
import { absent } from '#platform/records.ts';
import { ContractBreaks, TooMany, VersionDiffers, VersionTooLow } from '../errors.ts';
import { checkEndpoints } from '../instances/destinations.ts';
import { enterEndpoints } from '../instances/static.ts';
import type { NewVersion } from '../new-version.ts';
import type { Compatibility } from '../schemas.ts';
import { keys, writeItem } from '../store.ts';
import { refusedOf } from './check.ts';
import { compareNew } from './compare.ts';
import { contractOf, forgetContract, keepContract, packContract } from './contracts.ts';
import { enterDependencies } from './dependants.ts';
import type { VersionRecord } from './records.ts';
import { findVersion, readVersions, refreshService } from './versions.ts';

/** Every registration is compared with all of them. */
const mostVersions = 200;

type Content = Omit<NewVersion, 'accept' | 'reason'>;

/** What is registered, with the dependencies that the contract names, too. */
function contentOf({ accept: _accept, reason: _reason, ...given }: NewVersion): Content {
  const dependencies = { ...given.contract?.dependencies, ...given.dependencies };
  return {
    ...given,
    dependencies,
    contract: given.contract === null ? null : { ...given.contract, dependencies },
  };
}

const hashOf = (content: Content): string => createHash('sha256').update(canonical(content)).digest('hex');

/** Throws VersionDiffers unless what is registered is the very same. */
async function assertSame(found: VersionRecord, content: Content): Promise<void> {
  if (found.contentHash === hashOf(content)) return;
  const former: Record<string, unknown> = { ...found, contract: await contractOf(found) };
  const differs = Object.entries(content).flatMap(([field, value]) =>
    canonical(value) === canonical(former[field]) ? [] : [field],
  );
  throw new VersionDiffers(
    `${found.service} ${found.version} is registered with another ${differs.join(', ')}`,
    {
      evidence: { service: found.service, version: found.version, differs },
      action: 'Register it as another version, or deregister this one first.',
    },
  );
}

/** Throws ContractBreaks or VersionTooLow for what nobody accepted. */
function assertGoesOn(found: Compatibility, accept: readonly string[]): void {
  const { broken, tooLow } = refusedOf(found, accept);
  const number = found.number?.message;
  const evidence = {
    comparedWith: found.from,
    ...(tooLow === null ? {} : { demanded: found.number?.demanded, changes: tooLow }),
    broken,
  };
  if (broken.length > 0) {
    const names = broken.map(({ service, version }) =>
      version === null ? service : `${service} ${version}`,
    );
    throw new ContractBreaks(
      `${found.service} ${found.to} would break ${names.join(', ')}${tooLow === null ? '' : `; ${number}`}`,
      {
        evidence,
        action:
          'Take the changes back, or give it a version outside of their ranges; on purpose: name rules or dependants in `accept`, with a reason.',
      },
    );
  }
  if (tooLow !== null) {
    throw new VersionTooLow(number ?? `${found.to} is too low`, {
      evidence,
      action: `Register it as ${found.number?.demanded} or higher; on purpose: name the rules in \`accept\`, with a reason.`,
    });
  }
}

/**
 * Registers a version. The same again changes nothing, and finishes what was cut off. Throws VersionDiffers,
 * ContractBreaks, VersionTooLow, TooMany, PayloadTooLarge, DestinationRefused, DestinationUnreachable; then nothing is
 * stored.
 */
export async function registerVersion(
  service: string,
  given: NewVersion,
  by: string,
): Promise<{ record: VersionRecord; created: boolean }> {
  const content = contentOf(given);
  const found = await findVersion(service, content.version);
  if (found !== undefined) {
    await assertSame(found, content);
    return { record: await finish(found), created: false };
  }
  const gzip = content.contract === null ? null : packContract(content.contract);
  const { length } = await readVersions(service);
  if (length >= mostVersions) {
    throw new TooMany(`${service} has ${length} versions, at most ${mostVersions} are possible`, {
      evidence: { service, versions: length, limit: mostVersions },
      action: 'Deregister versions that nobody runs any more.',
    });
  }
  assertGoesOn(await compareNew(service, content.version, content.contract), given.accept);
  await checkEndpoints(content.endpoints.map(({ url }) => url));
  return { record: await finish(await store(service, content, gzip, given, by)), created: true };
}

async function store(
  service: string,
  content: Content,
  gzip: Uint8Array | null,
  { accept, reason }: NewVersion,
  by: string,
): Promise<VersionRecord> {
  const { version, contract } = content;
  const id = gzip === null ? null : await keepContract(service, version, gzip);
  await enterDependencies(service, version, content.dependencies);
  const record: VersionRecord = {
    ...content,
    schemaVersion: 1,
    service,
    contract:
      contract === null || id === null
        ? null
        : { id, endpoints: contract.endpoints.length, events: contract.events?.length ?? 0 },
    contentHash: hashOf(content),
    accepted: accept.length === 0 || reason === undefined ? null : { what: accept, reason, by },
    createdAt: clock.iso(),
    createdBy: by,
  };
  if (await writeItem(keys.version(service, version), record, absent)) return record;
  // Somebody else registered it in this very moment; what they brought stays.
  if (id !== null) await forgetContract(service, version, id);
  const other = await findVersion(service, version);
  if (other === undefined) {
    throw new RecordContended(`${service} ${version} was registered and deregistered in this moment`, {
      evidence: { service, version },
      action: 'Repeat the request.',
    });
  }
  // Its dependencies once more: those of this registration may have been written over them.
  await enterDependencies(service, version, other.dependencies);
  await assertSame(other, content);
  return other;
}

/** What follows from a version that is stored; a repetition finds what is missing of it. */
async function finish(record: VersionRecord): Promise<VersionRecord> {
  await enterDependencies(record.service, record.version, record.dependencies);
  await enterEndpoints(record);
  await refreshService(record.service);
  return record;
}
