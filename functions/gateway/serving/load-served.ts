import type { ReadyApi } from '../apis/ready-api.ts';
import { readStamp, type Stamp } from '../apis/stamp.ts';
import { findRoute } from '../routes/record.ts';
import { type ReadyRoute, readyRoute } from './ready-route.ts';

/** APIs that are kept ready; the one read first goes first. */
const mostReady = 1_000;

/** Reads routes with the APIs of their services, whose documents are read and made ready again only when they changed. */
export function servedRoutes(): (service: string) => Promise<ReadyRoute | null> {
  const ready = new Map<string, ReadyApi>();

  async function apiOf(service: string, stamp: Stamp | undefined): Promise<ReadyApi | null> {
    const known = ready.get(service);
    const isSame = stamp?.api === known?.route.api && stamp?.revision === known?.route.revision;
    if (known !== undefined && isSame) return known;
    ready.delete(service);
    known?.retire();
    if (stamp === undefined) return null;
    // Only where there is an API: what reads and serves it is large.
    const [{ readApi }, { readyApi }] = await Promise.all([
      import('../apis/stored-api.ts'),
      import('../apis/ready-api.ts'),
    ]);
    const route = await readApi(service);
    if (route === undefined) return null;
    const made = readyApi(route);
    ready.set(service, made);
    const [oldest] = ready.keys();
    if (ready.size > mostReady && oldest !== undefined) ready.delete(oldest);
    return made;
  }

  return async (service) => {
    const [route, stamp] = await Promise.all([findRoute(service), readStamp(service)]);
    return route === null ? null : readyRoute(route, await apiOf(service, stamp));
  };
}
