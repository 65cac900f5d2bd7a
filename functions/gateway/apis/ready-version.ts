import { type VersionChain, versionChain } from './chains.ts';
import { type Endpoints, endpointsOf } from './endpoints.ts';
import { requestValidator } from './request-schemas.ts';
import type { ApiRoute, DeprecatedElement, ServedVersion } from './schemas.ts';

/** A version with what is worked out of it once. */
export interface ReadyVersion extends Omit<ServedVersion, 'changes'> {
  endpointOf: Endpoints['of'];
  /** What goes away of an endpoint. */
  elementsOf(endpoint: string): readonly DeprecatedElement[];
  validator: ReturnType<typeof requestValidator>;
  /** What is done to its documents. */
  changes: VersionChain;
}

const none: readonly DeprecatedElement[] = [];

/** Of the versions of an API, the oldest first. `others` finds endpoints where the version has no list of its own. */
export function readyVersion(
  served: ServedVersion,
  all: readonly ServedVersion[],
  { latest }: ApiRoute,
  others: Endpoints,
): ReadyVersion {
  const own = served.endpoints.length === 0 ? others : endpointsOf(served.endpoints);
  const elements = Map.groupBy(served.deprecatedElements, ({ endpoint }) => endpoint);
  return {
    ...served,
    endpointOf: (method, path) => own.of(method, path),
    elementsOf: (endpoint) => elements.get(endpoint) ?? none,
    validator: requestValidator(served.requestSchemas ?? {}),
    changes: versionChain(all, served.version, latest),
  };
}
