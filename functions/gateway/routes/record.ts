import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { clock } from '#platform/clock.ts';
import { NotFound } from '#platform/errors.ts';
import { absent, type Condition, type ItemPage, type Place } from '#platform/records.ts';
import { RouteChanged, RouteHeld, ShiftSuperseded } from '../errors.ts';
import { Route, type RouteSettings, type ShiftInput } from '../schemas.ts';
import { deleteItem, keys, readItem, readPage, writeItem } from '../store.ts';
import { checkTargets, checkUrls } from './check.ts';

const schemaVersion = 1;
const StoredRoute = Route.strip();
/** What a deployment asked for last; stays when it lets the route go, for what it asked before may still come. */
const LastShift = z.object({
  lastShift: z.object({ deployment: z.string(), order: z.int() }).nullable().default(null),
});

/** Throws ShiftSuperseded when the deployment has asked for something else since. */
async function refuseLate({ service, deployment, order = 0 }: ShiftInput): Promise<void> {
  const { lastShift } = (await readItem(LastShift, keys.route(service))) ?? { lastShift: null };
  if (lastShift?.deployment !== deployment || lastShift.order <= order) return;
  throw new ShiftSuperseded(`Shift ${order} of ${deployment} comes after its shift ${lastShift.order}`, {
    evidence: { service, deployment, found: order, expected: `at least ${lastShift.order}` },
    action: 'Nothing: the later one counts.',
  });
}

/** The route of a service, or null. */
export async function findRoute(service: string): Promise<Route | null> {
  return (await readItem(StoredRoute, keys.route(service))) ?? null;
}

/** Throws NotFound. */
export async function readRoute(service: string): Promise<Route> {
  const route = await findRoute(service);
  if (route !== null) return route;
  throw new NotFound(`No route leads to ${service}`, {
    evidence: { service },
    action: 'See `theseus gateway routes`, or make one with `theseus gateway set`.',
  });
}

export const listRoutes = (limit: number, from: Place | undefined): Promise<ItemPage<Route>> =>
  readPage(StoredRoute, { pk: keys.routes, limit, from });

/** The stored route is still the one with this revision; 0: there is none. */
const unchangedSince = (revision: number): Condition =>
  revision === 0 ? absent : { expression: 'revision = :revision', values: { ':revision': revision } };

async function changed(service: string, expected: number): Promise<RouteChanged> {
  const found = (await findRoute(service))?.revision ?? 0;
  return new RouteChanged(`The route of ${service} has revision ${found}, expected ${expected}`, {
    evidence: { service, expected, found },
  });
}

const held = ({ service, heldBy }: Route, action: string): RouteHeld =>
  new RouteHeld(`The deployment ${heldBy} moves the route of ${service}`, {
    evidence: { service, deployment: heldBy },
    action,
  });

interface ByHand {
  service: string;
  settings: RouteSettings;
  /** The revision the change was made of; undefined: whatever it is. */
  revision: number | undefined;
  /** Although a deployment holds the route. */
  override: boolean;
  by: string;
}

/** Writes a whole route as a person wants it. Throws RouteChanged, RouteHeld, InvalidInput, DestinationRefused. */
export async function putRoute({ service, settings, revision, override, by }: ByHand): Promise<Route> {
  checkTargets(settings);
  const found = await findRoute(service);
  const stands = found?.revision ?? 0;
  if (revision !== undefined && revision !== stands) throw await changed(service, revision);
  if (found !== null && found.heldBy !== null && !override) {
    throw held(found, 'Wait for it, abort it, or send `override: true` with a reason.');
  }
  await checkUrls(settings.targets, 'every address must be known');
  const heldBy = found?.heldBy ?? null;
  return await write({ ...settings, service, heldBy, revision: stands + 1, ...stamp(by) }, stands);
}

/** Throws NotFound, RouteChanged, RouteHeld. */
export async function removeRoute(service: string, revision: number | undefined): Promise<void> {
  const found = await readRoute(service);
  if (revision !== undefined && revision !== found.revision) throw await changed(service, revision);
  if (found.heldBy !== null) throw held(found, 'Wait for it, or abort it.');
  if (!(await deleteItem(keys.route(service), unchangedSince(found.revision))))
    throw await changed(service, found.revision);
}

/** How often a shift is tried again when the route changed under it. */
const mostTries = 5;

/**
 * The state that a deployment wants, made from whatever the route is now; its own settings stay. A second call changes
 * nothing. Throws RouteHeld when another deployment has the route, ShiftSuperseded, InvalidInput, DestinationRefused, RouteChanged when
 * others keep changing it.
 */
export async function shiftRoute(shift: ShiftInput): Promise<Route> {
  const { service, deployment, targets, canaries, done, order = 0 } = shift;
  for (let tries = 1; ; tries += 1) {
    const found = await findRoute(service);
    // Read after the route: who shifted between makes the write below fail.
    await refuseLate(shift);
    if (found !== null && found.heldBy !== null && found.heldBy !== deployment)
      throw held(found, 'Wait until that deployment has ended, or abort it.');
    const settings = settingsFrom(found, { targets, canaries });
    checkTargets(settings);
    const heldBy = done ? null : deployment;
    const same = found !== null && found.heldBy === heldBy && isDeepStrictEqual(settings, settingsOf(found));
    if (same && shift.order === undefined) return found;
    const known = new Set(
      found?.targets.flatMap(({ target }) => (target.kind === 'http' ? target.urls : [])),
    );
    // A way back must not fail because a name is not known at this moment: the connection is checked in any case.
    await checkUrls(targets, 'names may be unknown', known);
    const stands = found?.revision ?? 0;
    const revision = same ? stands : stands + 1;
    const route = { ...settings, service, heldBy, revision, ...stamp(deployment) };
    const item = { ...route, schemaVersion, lastShift: { deployment, order } };
    if (await writeItem(keys.route(service), item, unchangedSince(stands))) return route;
    if (tries === mostTries) throw await changed(service, stands);
  }
}

const stamp = (by: string) => ({ updatedAt: clock.iso(), updatedBy: by });

/** Fields that nobody sets are there as undefined when they were parsed, and absent when they were stored. */
const plain = <T>(value: T): T => JSON.parse(JSON.stringify(value));

function settingsOf(route: Route): RouteSettings {
  const { service: _s, revision: _r, heldBy: _h, updatedAt: _a, updatedBy: _b, ...settings } = route;
  return plain(settings);
}

const unsaid = { sticky: null, mirror: null, circuitBreaker: null, timeoutMs: 29_000 };
const defaults: Omit<RouteSettings, 'targets' | 'canaries'> = {
  ...unsaid,
  retry: { attempts: 2, on: ['connect', 502, 503] },
  access: { kind: 'open' },
};

function settingsFrom(
  found: Route | null,
  wanted: Pick<RouteSettings, 'targets' | 'canaries'>,
): RouteSettings {
  const settings = { ...defaults, ...(found === null ? {} : settingsOf(found)), ...plain(wanted) };
  const { mirror } = settings;
  const stays = mirror === null || wanted.targets.some(({ version }) => version === mirror.version);
  return stays ? settings : { ...settings, mirror: null };
}

async function write(route: Route, stands: number): Promise<Route> {
  if (await writeItem(keys.route(route.service), { ...route, schemaVersion }, unchangedSince(stands)))
    return route;
  throw await changed(route.service, stands);
}
