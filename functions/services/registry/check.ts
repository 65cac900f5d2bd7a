import type { Change, Verdict } from '#compatibility/changes.ts';
import { type ConsumerContract, forConsumer } from '#compatibility/consumers.ts';
import { checkVersion, compareContracts } from '#compatibility/contracts/compare.ts';
import type { Shape } from '#compatibility/contracts/shape.ts';
import { satisfies } from '#compatibility/ranges.ts';
import type { BrokenDependant, Compatibility, Dependant } from '../schemas.ts';

// What a version does to those who use the service: rules only, everything they need is handed in.

/** A version with its contract; null when it has none. */
export interface Known {
  version: string;
  contract: Shape | null;
}

/** Somebody who relies on the service, and what is known of how. */
export interface Reliant extends Dependant {
  usage: ConsumerContract | null;
  /** The version its expectations are taken from; null when none is registered that it could go on with. */
  base: Known | null;
}

export const mostChanges = 50;
const mostBroken = 50;
const mostChangesEach = 20;

/** One of the two has no contract, so that nothing can be said: a warning, never silence. */
function notCompared(old: Known, next: Known): Verdict {
  const without = old.contract === null ? old.version : next.version;
  const change: Change = {
    rule: 'contract-missing',
    level: 'warning',
    direction: 'response',
    place: { kind: 'endpoint', endpoint: '*' },
    pointer: '',
    message: `Expected contracts of ${old.version} and ${next.version}, found none of ${without}: nothing was compared`,
    remedy: 'Register versions with their contract.',
  };
  return { compatible: true, bump: 'none', changes: [change] };
}

export const compareKnown = (old: Known, next: Known): Verdict =>
  old.contract === null || next.contract === null
    ? notCompared(old, next)
    : compareContracts(old.contract, next.contract);

/**
 * Those who do not go on with `next`: it lies in their range and breaks what they rely on. With `from`, the version that
 * it replaces, also those whose range has `from` and not `next`. At most 50.
 */
export function brokenBy(next: Known, reliants: readonly Reliant[], from: string | null): BrokenDependant[] {
  const verdicts = new Map<string, Verdict>();
  const verdictFrom = (base: Known): Verdict => {
    const known = verdicts.get(base.version) ?? compareKnown(base, next);
    verdicts.set(base.version, known);
    return known;
  };
  const broken = reliants.flatMap(({ service, version, range, usage, base }): BrokenDependant[] => {
    const about = { service, version, range, builtAgainst: base?.version ?? null };
    if (!satisfies(next.version, range)) {
      return from !== null && satisfies(from, range) ? [{ ...about, why: 'range', changes: [] }] : [];
    }
    if (base === null || base.version === next.version) return [];
    const whole = verdictFrom(base);
    const own = usage === null ? whole : forConsumer(whole, usage);
    const changes = own.changes.filter(({ level }) => level === 'breaking').slice(0, mostChangesEach);
    return changes.length === 0 ? [] : [{ ...about, why: 'contract', changes }];
  });
  return broken.slice(0, mostBroken);
}

/** All that is to be said of `next` after `old`, which is null for a first version. */
export function compatibilityOf(
  service: string,
  old: Known | null,
  next: Known,
  broken: BrokenDependant[],
): Compatibility {
  const verdict: Verdict =
    old === null ? { compatible: true, bump: 'none', changes: [] } : compareKnown(old, next);
  const compared = old !== null && old.contract !== null && next.contract !== null;
  return {
    service,
    from: old?.version ?? null,
    to: next.version,
    compatible: verdict.compatible,
    bump: verdict.bump,
    number: compared ? checkVersion(old.version, next.version, verdict) : null,
    changes: verdict.changes.slice(0, mostChanges),
    more: Math.max(0, verdict.changes.length - mostChanges),
    broken,
  };
}

/** What of a compatibility nobody has accepted. */
export interface Refused {
  broken: BrokenDependant[];
  /** The number of the version is too low, for these changes. */
  tooLow: Change[] | null;
}

/**
 * What stays refused of a new version: a broken dependant is accepted by its name, its name and version, or the rules of
 * all that breaks it; a number that is too low by the rules of all breaking changes.
 */
export function refusedOf(found: Compatibility, accept: readonly string[]): Refused {
  const accepted = new Set(accept);
  const byRules = (changes: readonly Change[]) =>
    changes.length > 0 && changes.every(({ rule }) => accepted.has(rule));
  const broken = found.broken.filter(
    ({ service, version, changes }) =>
      !accepted.has(service) && !accepted.has(`${service}@${version}`) && !byRules(changes),
  );
  if (found.number === null || found.number.enough) return { broken, tooLow: null };
  const breaking = found.changes.filter(({ level }) => level === 'breaking');
  const demanding = breaking.length > 0 ? breaking : found.changes;
  return { broken, tooLow: byRules(demanding) ? null : demanding };
}
