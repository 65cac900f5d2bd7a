import { type Endpoints, endpointsOf } from './endpoints.ts';
import { requestValidator } from './request-schemas.ts';
import type { DeprecatedElement, ServedVersion } from './schemas.ts';

/** A version with what is worked out of it once. */
export interface ReadyVersion extends ServedVersion {
  endpointOf: Endpoints['of'];
  /** What goes away of an endpoint. */
  elementsOf(endpoint: string): readonly DeprecatedElement[];
  validator: ReturnType<typeof requestValidator>;
}

const none: readonly DeprecatedElement[] = [];

/** `others` finds endpoints where the version has no list of its own. */
export function readyVersion(served: ServedVersion, others: Endpoints): ReadyVersion {
  const own = served.endpoints.length === 0 ? others : endpointsOf(served.endpoints);
  const elements = Map.groupBy(served.deprecatedElements, ({ endpoint }) => endpoint);
  return {
    ...served,
    endpointOf: (method, path) => own.of(method, path),
    elementsOf: (endpoint) => elements.get(endpoint) ?? none,
    validator: requestValidator(served.requestSchemas ?? {}),
  };
}
