import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { z } from 'zod';
import { ServiceName } from '#compatibility/contracts/shape.ts';
import { clock } from '#platform/clock.ts';
import { InvalidInput } from '#platform/errors.ts';
import type { Condition } from '#platform/records.ts';
import { ServiceServesAnotherApi } from '../errors.ts';
import { deleteItem, keys, readItem, writeItem } from '../store.ts';
import { checkApi } from './check.ts';
import type { ApiRoute } from './schemas.ts';
import { readStamp, type Stamp } from './stamp.ts';

const pack = promisify(gzip);

/** An item of DynamoDB ends at 400 kB. */
const largestPacked = 350_000;

/** Where an API is; stays when it is nowhere, for an older state of it may still come. */
const Home = z.object({ service: ServiceName.nullable(), revision: z.int() });

/** Absent, or of the same API and not newer. */
const notNewer = ({ api, revision }: Stamp): Condition => ({
  expression: 'attribute_not_exists(pk) OR (api = :api AND revision <= :revision)',
  values: { ':api': api, ':revision': revision },
});

/**
 * Stores the whole state of an API. Called again it changes nothing, and cut off it finishes when called again; a state
 * older than the stored one is ignored. Throws InvalidInput, ServiceServesAnotherApi.
 */
export async function putApi(route: ApiRoute) {
  const { api, service, revision } = route;
  await checkApi(route);
  const home = await readItem(Home, keys.apiHome(api));
  const result = (stored: number, changed: boolean) => ({ api, service, revision: stored, changed });
  if (home !== undefined && home.revision > revision) {
    await leave(route, home.service);
    return result(home.revision, false);
  }
  const changed = home?.revision !== revision;
  if (service !== null) await write(service, route);
  if (home?.service && home.service !== service) await remove(home.service, route);
  const item = { service, revision, updatedAt: clock.iso() };
  const condition: Condition = {
    expression: 'attribute_not_exists(pk) OR revision <= :revision',
    values: { ':revision': revision },
  };
  if (await writeItem(keys.apiHome(api), item, condition)) return result(revision, changed);
  const newer = await readItem(Home, keys.apiHome(api));
  await leave(route, newer?.service ?? null);
  return result(newer?.revision ?? revision, false);
}

/** The document comes first: whoever sees the stamp of a revision finds it, or a newer one. */
async function write(service: string, route: ApiRoute): Promise<void> {
  const { api, revision } = route;
  const document = await pack(JSON.stringify(route));
  if (document.length > largestPacked) {
    throw new InvalidInput(
      `The versions of ${api} take ${document.length} bytes compressed, at most ${largestPacked} are served`,
      {
        problems: [{ pointer: '/versions', detail: `Expected at most ${largestPacked} bytes compressed` }],
        evidence: { bytes: document.length, limit: largestPacked },
        action: 'Leave out request schemas, or remove versions that are no longer used.',
      },
    );
  }
  const stamp = { api, revision };
  const kept = await writeItem(keys.apiDocument(service), { ...stamp, document }, notNewer(stamp));
  if (!kept) {
    const found = await readStamp(service);
    // The same API in a newer state: its own place says so to the caller.
    if (found === undefined || found.api === api) return;
    throw new ServiceServesAnotherApi(`${service} serves the API ${found.api} already`, {
      evidence: { service, api, serves: found.api },
      action: 'Give one of the two another service.',
    });
  }
  await writeItem(keys.apiStamp(service), stamp, notNewer(stamp));
}

/** A state that came late leaves nothing at a service that the API has left. */
async function leave(route: ApiRoute, service: string | null): Promise<void> {
  if (route.service !== null && route.service !== service) await remove(route.service, route);
}

async function remove(service: string, { api, revision }: Stamp): Promise<void> {
  const condition: Condition = {
    expression: 'api = :api AND revision <= :revision',
    values: { ':api': api, ':revision': revision },
  };
  await deleteItem(keys.apiStamp(service), condition);
  await deleteItem(keys.apiDocument(service), condition);
}
