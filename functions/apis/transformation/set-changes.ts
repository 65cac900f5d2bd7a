import { Conflict } from '#platform/errors.ts';
import type { RoundTripReport } from '#transformations/round-trip/check.ts';
import type { ApiRecord, VersionRecord } from '../records.ts';
import { changeApi, readApi } from '../registry/apis.ts';
import { descriptionOf } from '../registry/descriptions.ts';
import { versionOf } from '../registry/versions.ts';
import { checkChanges, type Neighbours } from './check-changes.ts';
import { storeChanges } from './stored-changes.ts';

/** The version that comes after another. Throws NotFound, and Conflict for the newest. */
export function nextAfter(api: ApiRecord, version: string): VersionRecord {
  const older = versionOf(api, version);
  const next = api.versions[api.versions.indexOf(older) + 1];
  if (next !== undefined) return next;
  throw new Conflict(`${api.id} ${version} is the newest version: nothing comes after it`, {
    evidence: { api: api.id, version },
    action: 'Give the changes with the next version, or name the version before.',
  });
}

export async function neighboursFrom(api: ApiRecord, version: string): Promise<Neighbours> {
  const { kind } = api.settings;
  const [older, newer] = [versionOf(api, version), nextAfter(api, version)];
  return {
    older: { version, description: await descriptionOf(older, kind) },
    newer: { version: newer.version, description: await descriptionOf(newer, kind) },
  };
}

/**
 * Sets what leads from a version to the next newer one, once it was tried. Throws NotFound, Conflict, InvalidInput,
 * TransformationWrong; then nothing changes.
 */
export async function setChanges(
  name: string,
  version: string,
  { written, accept, by }: { written: unknown; accept: readonly string[]; by: string },
): Promise<{ api: ApiRecord; report: RoundTripReport }> {
  const found = await readApi(name);
  const neighbours = await neighboursFrom(found, version);
  const { changes, report } = await checkChanges(written, neighbours, accept);
  const stored = changes.length === 0 ? null : await storeChanges(name, changes);
  const api = await changeApi(name, (now) => {
    if (nextAfter(now, version).version !== neighbours.newer.version) {
      throw new Conflict(`Another version came between ${version} and ${neighbours.newer.version}`, {
        evidence: { api: name, version },
        action: 'Look at the versions, then set the changes again.',
      });
    }
    if (versionOf(now, version).changes?.hash === stored?.hash) return undefined;
    return {
      set: {
        versions: now.versions.map((one) => (one.version === version ? { ...one, changes: stored } : one)),
      },
      events: [
        {
          type: 'api.changes-set',
          actor: by,
          data: { version, to: neighbours.newer.version, changes: changes.map(({ id }) => id).slice(0, 100) },
        },
      ],
    };
  });
  return { api, report };
}
