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
}

export const readyRoute = (route: Route): ReadyRoute => ({
  ...route,
  targets: route.targets.map((one) => ({
    ...one,
    instances: one.target.kind === 'http' ? one.target.urls.map(instanceOf) : [],
  })),
});

/** As the table has it now; null: no route leads to the service. */
export async function loadRoute(service: string): Promise<ReadyRoute | null> {
  const route = await findRoute(service);
  return route === null ? null : readyRoute(route);
}
