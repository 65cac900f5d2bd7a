import { answerDown } from './answer-down.ts';
import { type Taken, versionReader } from './choice.ts';
import { type Endpoints, endpointsOf } from './endpoints.ts';
import { type ReadyVersion, readyVersion } from './ready-version.ts';
import { requestUp } from './request-up.ts';
import type { ApiRoute } from './schemas.ts';
import { versionsOf } from './versions.ts';

type OperationReader = ReturnType<typeof import('./usage/operations.ts').operationReader>;

/** An API with what is worked out of it once. It brings what is large to load: only who has an API loads it. */
export interface ReadyApi {
  route: ApiRoute;
  read: ReturnType<typeof versionReader>;
  /** The version that a request is for. Throws ApiVersionUnknown. */
  versionOf(named: Taken['named'], consumer: string): ReadyVersion;
  /** Of a GraphQL API: reads the operations of requests to a version. */
  operations(version: ReadyVersion): Promise<OperationReader> | undefined;
  requestUp: typeof requestUp;
  answerDown: typeof answerDown;
  /** A request begins; what it returns is called at its end. */
  hold(): () => void;
  /** Another has taken its place: gives back what changes hold as soon as no request needs it. */
  retire(): void;
}

/** The keys of all endpoints that anything is said of, whatever the version. */
function everyEndpoint({ versions, limits }: ApiRoute): Endpoints {
  return endpointsOf([
    ...limits.flatMap(({ endpoint }) => endpoint ?? []),
    ...versions.flatMap(({ endpoints, deprecatedElements, requestSchemas = {}, changes }) => [
      ...endpoints,
      ...deprecatedElements.map(({ endpoint }) => endpoint),
      ...Object.keys(requestSchemas),
      ...changes.flatMap((change) => (change.endpoints === 'all' ? [] : change.endpoints)),
    ]),
  ]);
}

/** Only who has a GraphQL API loads what reads it. */
async function readerOf({ schema }: ReadyVersion): Promise<OperationReader> {
  const { operationReader } = await import('./usage/operations.ts');
  return operationReader(schema);
}

/** Versions are made ready when the first request asks for them: most of a long list are never asked for. */
export function readyApi(route: ApiRoute): ReadyApi {
  const versions = versionsOf(route);
  const endpoints = everyEndpoint(route);
  const ready = new Map<string, ReadyVersion>();
  const readers = new Map<string, Promise<OperationReader>>();
  let running = 0;
  let retired = false;
  const dispose = () => {
    for (const { changes } of ready.values()) changes.dispose();
  };
  return {
    ...{ route, requestUp, answerDown },
    read: versionReader(route.choice),
    versionOf(named, consumer) {
      const served = versions.of(named, consumer);
      const made = ready.get(served.version) ?? readyVersion(served, versions.all, route, endpoints);
      ready.set(served.version, made);
      return made;
    },
    operations(version) {
      if (route.kind !== 'graphql') return undefined;
      const made = readers.get(version.version) ?? readerOf(version);
      readers.set(version.version, made);
      return made;
    },
    hold() {
      running += 1;
      return () => {
        running -= 1;
        if (retired && running === 0) dispose();
      };
    },
    retire() {
      retired = true;
      if (running === 0) dispose();
    },
  };
}
