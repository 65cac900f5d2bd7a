import { InvalidInput, MethodNotAllowed, NotFound } from './errors.ts';
import type { OpenRoute } from './open-route.ts';
import type { Route } from './route.ts';

export interface Match {
  route: Route;
  params: Record<string, string>;
}

const segmentsOf = (path: string) => path.split('/').slice(1);
const nameOf = (segment: string) => /^\{(\w+)\}$/.exec(segment)?.[1];

function paramsOf(route: { path: string }, segments: readonly string[]): Record<string, string> | undefined {
  const pattern = segmentsOf(route.path);
  if (pattern.length !== segments.length) return undefined;
  const params: Record<string, string> = {};
  for (const [at, part] of pattern.entries()) {
    const found = segments[at] ?? '';
    const name = nameOf(part);
    if (name === undefined ? part !== found : found === '') return undefined;
    if (name !== undefined) params[name] = found;
  }
  return params;
}

/** How much of a path is fixed: `/migrations/export` is preferred to `/migrations/{id}`. */
const fixedSegments = (route: Route) =>
  segmentsOf(route.path).filter((part) => nameOf(part) === undefined).length;

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new InvalidInput('The path holds a broken percent encoding', {
      problems: [{ pointer: '/path', detail: `Cannot be decoded: ${segment}` }],
      action: 'Write a percent sign as %25.',
    });
  }
}

/**
 * Finds the route of a request. Throws NotFound when no route has this path and MethodNotAllowed, with
 * the allowed methods as evidence, when one has it with another method. A trailing slash is another path.
 */
export function match(routes: readonly Route[], method: string, path: string): Match {
  const segments = segmentsOf(path).map(decode);
  const candidates = routes
    .map((route) => ({ route, params: paramsOf(route, segments) }))
    .filter((one): one is Match => one.params !== undefined)
    .sort((a, b) => fixedSegments(b.route) - fixedSegments(a.route));
  const found = candidates.find((one) => one.route.method === method);
  if (found) return found;
  if (candidates.length === 0) {
    throw new NotFound(`Nothing is at ${path}`, { action: 'See /openapi.json for every path.' });
  }
  const allowed = candidates.map((one) => one.route.method);
  throw new MethodNotAllowed(`${method} is not possible on ${path}`, { evidence: { allowed } });
}

/** The route of a request that needs no token; undefined when none has its method and path. */
export function openMatch(
  routes: readonly OpenRoute[],
  method: string,
  path: string,
): { route: OpenRoute; params: Record<string, string> } | undefined {
  const own = routes.filter((route) => route.method === method);
  if (own.length === 0) return undefined;
  const segments = segmentsOf(path).map(decode);
  for (const route of own) {
    const params = paramsOf(route, segments);
    if (params !== undefined) return { route, params };
  }
  return undefined;
}
