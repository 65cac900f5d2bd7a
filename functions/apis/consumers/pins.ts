import { Conflict } from '#platform/errors.ts';
import { TooMany } from '../errors.ts';
import type { ApiRecord } from '../records.ts';
import { changeApi } from '../registry/apis.ts';
import { assertScheme, versionOf } from '../registry/versions.ts';
import { forgetConsumer, notePin, readConsumer } from './store.ts';

const mostPins = 2_000;

/** The version that a consumer is pinned to; undefined when it has none. */
export const pinOf = ({ pins }: Pick<ApiRecord, 'pins'>, consumer: string): string | undefined =>
  Object.hasOwn(pins, consumer) ? pins[consumer] : undefined;

/**
 * Pins a consumer to a version of an API: requests of it that name none are for this one. Throws NotFound, TooMany, and
 * Conflict for a version that is gone.
 */
export async function pinConsumer(
  api: string,
  consumer: string,
  version: string,
  by: string,
): Promise<ApiRecord> {
  await readConsumer(consumer);
  const record = await changeApi(api, (found) => {
    assertScheme(found.settings.versioning, version, '/body/version');
    if (versionOf(found, version).status === 'removed') {
      throw new Conflict(`${api} ${version} is removed: nobody can be pinned to it`, {
        evidence: { api, version },
        action: `Name another version: theseus api versions ${api}`,
      });
    }
    const former = pinOf(found, consumer);
    if (former === version) return undefined;
    if (former === undefined && Object.keys(found.pins).length >= mostPins) {
      throw new TooMany(`${api} has ${mostPins} pins: as many as there may be`, {
        evidence: { api, limit: mostPins },
        action: 'Set the default version, and take back the pins that say the same.',
      });
    }
    return {
      set: { pins: { ...found.pins, [consumer]: version } },
      events: [{ type: 'api.pinned', actor: by, data: { consumer, version, former: former ?? null } }],
    };
  });
  await notePin(consumer, api, version);
  return record;
}

/** Takes a pin back; without one nothing changes. Throws NotFound when there is no such API. */
export async function unpinConsumer(api: string, consumer: string, by: string): Promise<ApiRecord> {
  const record = await changeApi(api, (found) => {
    const former = pinOf(found, consumer);
    if (former === undefined) return undefined;
    const pins = Object.fromEntries(Object.entries(found.pins).filter(([id]) => id !== consumer));
    return { set: { pins }, events: [{ type: 'api.unpinned', actor: by, data: { consumer, former } }] };
  });
  await notePin(consumer, api, null);
  return record;
}

/** Removes a consumer and its pins: the consumer last, so that a repetition finds what is left. Throws NotFound. */
export async function removeConsumer(id: string, by: string): Promise<ApiRecord[]> {
  const { pins } = await readConsumer(id);
  const changed: ApiRecord[] = [];
  for (const api of Object.keys(pins)) changed.push(await unpinConsumer(api, id, by));
  await forgetConsumer(id);
  return changed;
}
