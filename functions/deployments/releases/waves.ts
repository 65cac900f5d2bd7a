import { satisfies } from '#compatibility/ranges.ts';

// In which order the members of a release move. Pure: what is asked of others is in facts.ts.

/** A member, and what is known of it before anything moves. */
export interface MemberFacts {
  service: string;
  version: string;
  /** The version that has the traffic; null: none. */
  from: string | null;
  /** Of the new version: range by service. */
  dependencies: Record<string, string>;
  /** Registered versions whose ranges the new version does not satisfy. */
  broken: { service: string; version: string; range: string }[];
  /** Accepted by a person, with a reason. */
  accepted: boolean;
}

export interface Waves {
  waves: string[][];
  /** By service: what its version breaks, and who moves before so that it does no harm. */
  harmless: Map<string, string>;
  /** Why there is no order; then there are no waves. */
  problems: string[];
}

interface Edges {
  /** By service: who has to have moved before. */
  before: Map<string, Set<string>>;
  harmless: Map<string, string>;
  problems: string[];
}

function edgesOf(members: readonly MemberFacts[]): Edges {
  const inSet = new Map(members.map((member) => [member.service, member]));
  const before = new Map(members.map(({ service }) => [service, new Set<string>()]));
  const harmless = new Map<string, string>();
  const problems: string[] = [];
  const breaks = (dependency: MemberFacts, dependant: MemberFacts): boolean =>
    dependency.broken.some(
      ({ service, version }) => service === dependant.service && version === dependant.from,
    );
  for (const member of members) {
    for (const [name, range] of Object.entries(member.dependencies)) {
      const dependency = inSet.get(name);
      if (dependency === undefined || dependency === member) continue;
      const [one, other] = [`${member.service} ${member.version}`, `${name} ${dependency.version}`];
      if (!satisfies(dependency.version, range)) {
        if (!dependency.accepted) problems.push(`${one} needs ${name} ${range}, and ${other} is not in it`);
        before.get(member.service)?.add(name);
        continue;
      }
      // The version in use cannot live with the new dependency: it has to go first, if it can.
      if (breaks(dependency, member) && !dependency.accepted) {
        if (dependency.from === null || satisfies(dependency.from, range))
          before.get(name)?.add(member.service);
        else {
          problems.push(
            `${other} breaks ${member.service} ${member.from}, and ${one} cannot run beside ${name} ${dependency.from}: neither may move first`,
          );
        }
      } else before.get(member.service)?.add(name);
    }
    for (const { service, version, range } of member.broken) {
      const dependant = inSet.get(service);
      if (dependant === undefined) {
        if (!member.accepted) {
          problems.push(
            `${member.service} ${member.version} breaks ${service} ${version} (${range}), which is no member`,
          );
        }
        continue;
      }
      if (version === dependant.version && member.accepted === false) continue;
      if (version === dependant.from && !(member.service in dependant.dependencies)) {
        // The new one needs it no more: once it has moved, nobody is broken.
        before.get(member.service)?.add(service);
      }
      harmless.set(
        member.service,
        `${service} ${version} is replaced by ${dependant.version} in the same release`,
      );
    }
  }
  return { before, harmless, problems };
}

/** A cycle among those that are left, in order, its first member again at the end. */
function cycleIn(left: ReadonlySet<string>, before: Edges['before']): string[] {
  const path: string[] = [];
  let at = [...left].sort()[0] ?? '';
  while (!path.includes(at)) {
    path.push(at);
    // Whoever is left waits for another one that is left.
    at = [...(before.get(at) ?? [])].filter((name) => left.has(name)).sort()[0] ?? at;
  }
  return [...path.slice(path.indexOf(at)), at];
}

/**
 * The waves in which members move: whoever one needs has moved before, except where only the other order works. At most
 * `atOnce` (1 or more) move together. Names every cycle, and every pair that excludes each other.
 */
export function wavesOf(members: readonly MemberFacts[], atOnce: number): Waves {
  const { before, harmless, problems } = edgesOf(members);
  const left = new Set(before.keys());
  const waves: string[][] = [];
  while (left.size > 0) {
    const ready = [...left].filter((name) => ![...(before.get(name) ?? [])].some((one) => left.has(one)));
    if (ready.length === 0) {
      problems.push(`Each waits for the next: ${cycleIn(left, before).join(' → ')}`);
      break;
    }
    ready.sort();
    for (let at = 0; at < ready.length; at += atOnce) waves.push(ready.slice(at, at + atOnce));
    for (const name of ready) left.delete(name);
  }
  return { waves: problems.length > 0 ? [] : waves, harmless, problems: [...new Set(problems)] };
}
