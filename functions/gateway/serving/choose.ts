import { createHash } from 'node:crypto';
import rcompare from 'semver/functions/rcompare.js';
import isWithin from 'semver/functions/satisfies.js';
import { VersionUnknown } from '../errors.ts';
import type { Route, RouteTarget, Sticky } from '../schemas.ts';
import { type HeaderFields, headerText } from './headers.ts';

/** What of a request decides which version answers it. */
export interface Asked {
  headers: HeaderFields;
  tenant: string | undefined;
  /** Of the client. */
  address: string;
  path: string;
}

export interface Chance {
  /** In [0, 1). */
  random: () => number;
  newKey: () => string;
}

export interface Choice {
  chosen: RouteTarget;
  /** The client had no cookie to be recognised by: this one is set. */
  cookie?: { name: string; value: string };
}

/** A range of versions that the client can speak with. */
export const versionHeader = 'x-service-version';

/**
 * Which version answers: one in the range the request names, else the one its canary rule names, else by weight. Throws
 * VersionUnknown when no version is in the range.
 */
export function choose(route: Route, asked: Asked, chance: Chance): Choice {
  const range = headerText(asked.headers, versionHeader);
  if (range !== undefined) return byWeight(route, inRange(route, range), asked, chance);
  const canary = canaryOf(route, asked);
  return canary === undefined ? byWeight(route, route.targets, asked, chance) : { chosen: canary };
}

function inRange({ service, targets }: Route, range: string): RouteTarget[] {
  const suitable = targets.filter(({ version }) => isWithin(version, range, { includePrerelease: true }));
  if (suitable.some(({ percent }) => percent > 0)) return suitable;
  const [newest] = suitable.toSorted((a, b) => rcompare(a.version, b.version));
  if (newest !== undefined) return [{ ...newest, percent: 100 }];
  const versions = targets.map(({ version }) => version);
  throw new VersionUnknown(`No version of ${service} is in the range '${range.slice(0, 100)}'`, {
    evidence: { service, range: range.slice(0, 100), versions },
    action: `Send another range in ${versionHeader}, or none.`,
  });
}

function canaryOf({ canaries, targets }: Route, { headers, tenant }: Asked): RouteTarget | undefined {
  const rule = canaries.find((one) =>
    'header' in one
      ? headerText(headers, one.header.name) === one.header.value
      : tenant !== undefined && one.tenants.includes(tenant),
  );
  return rule && targets.find(({ version }) => version === rule.version);
}

function byWeight(route: Route, targets: readonly RouteTarget[], asked: Asked, chance: Chance): Choice {
  const taking = targets.filter(({ percent }) => percent > 0);
  const [only] = taking;
  // A cookie is set in any case: who has seen one version keeps it when a second one comes.
  const key = route.sticky === null ? undefined : keyOf(route.sticky, asked);
  const fresh = key === undefined && route.sticky?.by === 'cookie' ? chance.newKey() : undefined;
  const cookie =
    fresh === undefined || route.sticky === null ? {} : { cookie: { name: route.sticky.name, value: fresh } };
  if (only !== undefined && taking.length === 1) return { chosen: only, ...cookie };
  const assigned = key ?? fresh;
  const chosen =
    assigned === undefined ? drawn(taking, chance.random()) : assignedTo(route.service, taking, assigned);
  if (chosen === undefined) throw new RangeError(`No version of ${route.service} takes traffic`);
  return { chosen, ...cookie };
}

function keyOf(sticky: Sticky, { headers, tenant, address, path }: Asked): string | undefined {
  if (sticky.by === 'header') return headerText(headers, sticky.name);
  if (sticky.by === 'cookie') return cookieOf(headers, sticky.name);
  return { tenant, address, path }[sticky.name];
}

function cookieOf(headers: HeaderFields, name: string): string | undefined {
  for (const pair of headerText(headers, 'cookie')?.split(';') ?? []) {
    const [found = '', value = ''] = pair.split('=', 2);
    if (found.trim() === name && value.trim() !== '') return value.trim().slice(0, 200);
  }
  return undefined;
}

function drawn(targets: readonly RouteTarget[], chance: number): RouteTarget | undefined {
  let left = chance * targets.reduce((sum, { percent }) => sum + percent, 0);
  for (const target of targets) {
    left -= target.percent;
    if (left < 0) return target;
  }
  return targets.at(-1);
}

/** A number in (0, 1) that a key always has for this version of this service: canaries of services are independent. */
function pointOf(service: string, version: string, key: string): number {
  const digest = createHash('sha256').update(`${service}\0${version}\0${key}`).digest();
  return (digest.readUInt32BE(0) * 2 ** 21 + (digest.readUInt32BE(4) >>> 11) + 0.5) / 2 ** 53;
}

/**
 * Weighted rendezvous hashing: every version draws for the key, and draws better the more weight it has. A version that
 * grows only wins keys, and one that shrinks only loses some; the order of the list does not matter.
 */
function assignedTo(service: string, targets: readonly RouteTarget[], key: string): RouteTarget | undefined {
  let best: RouteTarget | undefined;
  let bestDraw = Number.POSITIVE_INFINITY;
  for (const target of targets) {
    const draw = -Math.log(pointOf(service, target.version, key)) / target.percent;
    if (draw < bestDraw) [best, bestDraw] = [target, draw];
  }
  return best;
}
