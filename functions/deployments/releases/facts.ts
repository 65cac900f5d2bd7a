import { z } from 'zod';
import { satisfies } from '#compatibility/ranges.ts';
import { compareVersions } from '../compatibility.ts';
import { ReleaseUnorderable } from '../errors.ts';
import { assertDeployable } from '../starting.ts';
import { askCapability } from '../targets/capability-ask.ts';
import { servingVersion } from '../targets/route.ts';
import { deploymentOf } from './members.ts';
import { assertFlagsSettable } from './platform-flags.ts';
import type { NewRelease, ReleaseMember, ReleasePlan } from './schemas.ts';
import { type MemberFacts, wavesOf } from './waves.ts';

const Described = z.object({ dependencies: z.record(z.string(), z.string()).default({}) });

async function factsOf(member: ReleaseMember): Promise<MemberFacts> {
  const { service, version, target } = member;
  const from = await servingVersion(service, target);
  const { dependencies } = await askCapability({
    variable: 'SERVICES_DESCRIBE_VERSION_FUNCTION',
    payload: { service, version },
    answer: Described,
    waitMs: 25_000,
  });
  const { broken } = await compareVersions(service, from, version);
  return { service, version, from, dependencies, broken, accepted: member.acceptIncompatible !== undefined };
}

/** What members need of services that do not move, and those do not serve. */
async function unmet(members: MemberFacts[]): Promise<string[]> {
  const moving = new Set(members.map(({ service }) => service));
  const asked = members.flatMap(({ service, version, dependencies }) =>
    Object.entries(dependencies)
      .filter(([name]) => !moving.has(name))
      .map(([name, range]) => ({ who: `${service} ${version}`, name, range })),
  );
  const serving = new Map<string, string | null>();
  for (const { name } of asked) {
    if (!serving.has(name)) serving.set(name, await servingVersion(name, { kind: 'http' }));
  }
  return asked.flatMap(({ who, name, range }) => {
    const found = serving.get(name);
    // Whoever has no route here runs elsewhere: nothing is known of it.
    if (found === null || found === undefined || satisfies(found, range)) return [];
    return [`${who} needs ${name} ${range}; ${name} ${found} has the traffic and is no member`];
  });
}

/**
 * The order of a release, with everything checked for the set as a whole. Changes nothing. Throws ReleaseUnorderable with every
 * reason, and what a deployment of a member would throw: InvalidInput, VersionNotRegistered, Conflict.
 */
export async function planRelease({ services, atOnce, flags }: NewRelease): Promise<ReleasePlan> {
  await assertFlagsSettable({ flags });
  const members: MemberFacts[] = [];
  for (const member of services) {
    await assertDeployable(deploymentOf(member, null));
    members.push(await factsOf(member));
  }
  const { waves, harmless, problems } = wavesOf(members, atOnce);
  const all = [...problems, ...(await unmet(members))];
  if (all.length > 0) {
    throw new ReleaseUnorderable(all.join('; ').slice(0, 2_000), {
      evidence: { problems: all.slice(0, 20) },
    });
  }
  return {
    waves,
    members: members.map(({ service, version, from }) => ({
      service,
      version,
      from,
      accepted: harmless.get(service) ?? null,
    })),
    flags: flags?.changes ?? [],
  };
}
