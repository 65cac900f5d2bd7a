import { clock } from '#platform/clock.ts';
import { type Chain, compileChain } from '#transformations/chain.ts';
import type { VersionChange } from '#transformations/schemas.ts';
import type { ServedVersion } from './schemas.ts';
import { compareApiVersions } from './versions.ts';

/** What is done between a version and the one whose documents the service takes. */
export interface VersionChain {
  /** The version that the service is given: the newest, or this one where it is newer still. */
  serves: string;
  /** What happens to requests and answers of an endpoint, known without running anything. */
  touches(endpoint: string): { request: boolean; requestBody: boolean; response: boolean; errors: boolean };
  /** Compiled when the first request needs it. */
  chain(): Promise<Chain>;
  /** Gives back what the programs of the changes hold; the next request compiles them anew. */
  dispose(): void;
}

const isOf = ({ endpoints }: VersionChange, endpoint: string): boolean =>
  endpoints === 'all' || endpoints.includes(endpoint);
const isOfBody = (operation: object): boolean => !('in' in operation) || operation.in === 'body';

/** `all` are the versions of the API, the oldest first. */
export function versionChain(all: readonly ServedVersion[], version: string, latest: string): VersionChain {
  const between = all.filter(
    (one) => compareApiVersions(one.version, version) >= 0 && compareApiVersions(one.version, latest) < 0,
  );
  const changes = between.flatMap((one) => one.changes);
  const touched = new Map<string, ReturnType<VersionChain['touches']>>();
  let compiled: Promise<Chain> | undefined;

  function find(endpoint: string) {
    const own = changes.filter((change) => isOf(change, endpoint));
    const requests = own.flatMap(({ request = [] }) => request);
    return {
      request: requests.length > 0,
      requestBody: requests.some(isOfBody),
      response: own.some(({ response = [] }) => response.length > 0),
      errors: own.some(({ errors = [] }) => errors.length > 0),
    };
  }

  return {
    serves: compareApiVersions(version, latest) > 0 ? version : latest,
    touches(endpoint) {
      const known = touched.get(endpoint);
      if (known !== undefined) return known;
      const found = find(endpoint);
      if (touched.size < 10_000) touched.set(endpoint, found);
      return found;
    },
    chain() {
      compiled ??= compileChain(changes, { now: () => clock.monotonic() }).catch((error: unknown) => {
        compiled = undefined;
        throw error;
      });
      return compiled;
    },
    dispose() {
      void compiled?.then((chain) => chain.dispose()).catch(() => {}); // one that could not be compiled holds nothing
      compiled = undefined;
    },
  };
}
