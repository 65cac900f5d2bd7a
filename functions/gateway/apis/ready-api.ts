import { type Taken, versionReader } from './choice.ts';
import { type Endpoints, endpointsOf } from './endpoints.ts';
import { type ReadyVersion, readyVersion } from './ready-version.ts';
import type { ApiRoute } from './schemas.ts';
import { versionsOf } from './versions.ts';

/** An API with what is worked out of it once. */
export interface ReadyApi {
  route: ApiRoute;
  read: ReturnType<typeof versionReader>;
  /** The version that a request is for. Throws ApiVersionUnknown. */
  versionOf(named: Taken['named'], consumer: string): ReadyVersion;
}

/** The keys of all endpoints that anything is said of, whatever the version. */
function everyEndpoint({ versions, limits }: ApiRoute): Endpoints {
  return endpointsOf([
    ...limits.flatMap(({ endpoint }) => endpoint ?? []),
    ...versions.flatMap(({ endpoints, deprecatedElements, requestSchemas = {} }) => [
      ...endpoints,
      ...deprecatedElements.map(({ endpoint }) => endpoint),
      ...Object.keys(requestSchemas),
    ]),
  ]);
}

/** Versions are made ready when the first request asks for them: most of a long list are never asked for. */
export function readyApi(route: ApiRoute): ReadyApi {
  const versions = versionsOf(route);
  const endpoints = everyEndpoint(route);
  const ready = new Map<string, ReadyVersion>();
  return {
    route,
    read: versionReader(route.choice),
    versionOf(named, consumer) {
      const served = versions.of(named, consumer);
      const made = ready.get(served.version) ?? readyVersion(served, endpoints);
      ready.set(served.version, made);
      return made;
    },
  };
}
