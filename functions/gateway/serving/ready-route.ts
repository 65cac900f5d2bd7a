import type { ReadyApi } from '../apis/ready-api.ts';
import { findRoute } from '../routes/record.ts';
import type { Route, RouteTarget } from '../schemas.ts';
import { type Instance, instanceOf } from './http-upstream.ts';

/** A version with its addresses parsed; a Lambda function has none. */
export interface ReadyTarget extends RouteTarget {
  instances: readonly Instance[];
}

/** A route with what is worked out of it once. */
export interface ReadyRoute extends Route {
  targets: ReadyTarget[];
  /** The API that the service serves; null: none. */
  api: ReadyApi | null;
}

export const readyRoute = (route: Route, api: ReadyApi | null = null): ReadyRoute => ({
  ...route,
  targets: route.targets.map((one) => ({
    ...one,
    instances: one.target.kind === 'http' ? one.target.urls.map(instanceOf) : [],
  })),
  api,
});

/** As the table has it now, without its API; null: no route leads to the service. */
export async function loadRoute(service: string): Promise<ReadyRoute | null> {
  const route = await findRoute(service);
  return route === null ? null : readyRoute(route);
}
