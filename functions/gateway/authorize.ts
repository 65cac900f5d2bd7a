import { z } from 'zod';
import { Unauthenticated } from '#platform/errors.ts';
import type { HeaderFields } from './serving/headers.ts';
import { loadRoute, type ReadyRoute } from './serving/ready-route.ts';
import { type RouteCache, routeCache } from './serving/route-cache.ts';
import { checkToken } from './serving/token.ts';

// The authorizer in front of the data plane: who is turned away here uses none of its concurrency.

/** The parts of a REST API's request to its authorizer that are used. */
const AuthorizerEvent = z.object({
  methodArn: z.string(),
  path: z.string(),
  headers: z.record(z.string(), z.string().optional()).nullish(),
});

/** What API Gateway takes from an authorizer. */
interface Policy {
  principalId: string;
  policyDocument: {
    Version: '2012-10-17';
    Statement: { Action: 'execute-api:Invoke'; Effect: 'Allow'; Resource: string }[];
  };
}

/**
 * Holds requests against the access of their route, as the data plane does once more. Throws an error named
 * `Unauthorized`, which API Gateway answers with 401. A service without a route is let through: the data plane says 404.
 */
export function authorizer(routes: RouteCache<ReadyRoute> = routeCache(loadRoute)) {
  return async (raw: unknown): Promise<Policy> => {
    const { methodArn, path, headers } = AuthorizerEvent.parse(raw);
    const [, service = ''] = path.split('/');
    const { value: route, refreshing } = await routes.find(service);
    const lower: HeaderFields = Object.fromEntries(
      Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
    );
    try {
      if (route !== null) checkToken(route.access, lower);
    } catch (error) {
      // The very word that API Gateway answers with 401; any other is a 500.
      if (error instanceof Unauthenticated) throw new Error('Unauthorized', { cause: error });
      throw error;
    } finally {
      await refreshing;
    }
    return {
      principalId: service,
      policyDocument: {
        Version: '2012-10-17',
        Statement: [{ Action: 'execute-api:Invoke', Effect: 'Allow', Resource: methodArn }],
      },
    };
  };
}

export const handler = authorizer();
