import { Conflict, InvalidInput } from '#platform/errors.ts';
import type { ApiRecord } from '../records.ts';
import type { ApiSettings } from '../schemas.ts';
import { changeApi, createApi, findApi } from './apis.ts';
import { assertScheme, versionOf } from './versions.ts';

/** Throws InvalidInput when the settings name versions that cannot be meant. */
function assertSettings(settings: ApiSettings): void {
  const { versioning, defaultVersion, limits, kind, choice } = settings;
  if (defaultVersion !== null) assertScheme(versioning, defaultVersion, '/body/defaultVersion');
  for (const [at, { version }] of limits.entries())
    if (version !== undefined) assertScheme(versioning, version, `/body/limits/${at}/version`);
  if (kind === 'graphql' && choice.by === 'media-type') {
    throw new InvalidInput('/body/choice: GraphQL has media types of its own', {
      problems: [{ pointer: '/body/choice', detail: 'Expected a header, a path or a query parameter' }],
      action: 'Choose the version by another part of the request.',
    });
  }
}

/** Throws Conflict for what cannot change once there are versions, NotFound for a default that is not registered. */
function assertPossible(record: ApiRecord, next: ApiSettings): void {
  const { kind, versioning } = record.settings;
  const fixed = [
    ...(kind === next.kind ? [] : ['kind']),
    ...(versioning.scheme === next.versioning.scheme ? [] : ['versioning']),
  ];
  if (record.versions.length > 0 && fixed.length > 0) {
    throw new Conflict(
      `${record.id} has ${record.versions.length} versions: its ${fixed.join(' and ')} cannot change`,
      {
        evidence: { api: record.id, fixed, is: { kind, versioning } },
        action: 'Make another API for it.',
      },
    );
  }
  if (next.defaultVersion !== null) versionOf(record, next.defaultVersion);
}

/**
 * Sets an API, and makes it when it is not there; the same again changes nothing. Throws InvalidInput, Conflict,
 * NotFound; then nothing is stored.
 */
export async function setApi(
  name: string,
  settings: ApiSettings,
  by: string,
): Promise<{ record: ApiRecord; created: boolean }> {
  assertSettings(settings);
  if ((await findApi(name)) === undefined) {
    if (settings.defaultVersion !== null) versionOf({ id: name, versions: [] }, settings.defaultVersion);
    const made = await createApi(name, settings, by);
    if (made !== undefined) return { record: made, created: true };
  }
  const record = await changeApi(name, (found) => {
    if (JSON.stringify(found.settings) === JSON.stringify(settings)) return undefined;
    assertPossible(found, settings);
    return { set: { settings }, events: [{ type: 'api.changed', actor: by }] };
  });
  return { record, created: false };
}
