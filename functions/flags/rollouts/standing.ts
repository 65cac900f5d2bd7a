import { readEnvironment } from '../environments/environments.ts';
import { readKillSwitches } from '../kill-switches/record.ts';
import { readFlags } from '../registry/snapshot.ts';
import type { RolloutRecord } from './records.ts';

/** How a flag stands, and how far what was set of it has come. */
export interface Standing {
  /** Null: it was deleted. `request` is the id of the change that made the version, if its writer gave one. */
  flag: { version: number; request: string | null; by: string } | null;
  /** Why a kill switch holds it off; null: none does. */
  killed: string | null;
  /** The revision that all readers have. */
  deployed: number;
  /** The newest revision that AppConfig took back, and why. */
  refused: { revision: number; why: string } | null;
}

/** Throws NotFound when there is no such environment. */
export async function standingOf({
  environment,
  flag,
}: Pick<RolloutRecord, 'environment' | 'flag'>): Promise<Standing> {
  const [record, { kills }] = await Promise.all([
    readEnvironment(environment),
    readKillSwitches(environment),
  ]);
  const { flags } = await readFlags(record);
  const stored = flags.get(flag);
  const { deployed, refused } = record.publication;
  return {
    flag:
      stored === undefined
        ? null
        : { version: stored.version, request: stored.request, by: stored.updatedBy },
    killed: Object.hasOwn(kills, flag) ? (kills[flag]?.why ?? '') : null,
    deployed: deployed?.revision ?? 0,
    refused: refused === null ? null : { revision: refused.revision, why: refused.why },
  };
}

/** The ids under which a rollout changes its flag: whose change a version is can be told by it. */
export const changeIds = (id: string) => ({
  step: (index: number) => `${id}-step-${index}`,
  back: `${id}-back`,
});

/**
 * The version that the flag has by this rollout; undefined when somebody else changed it. The record may not know it yet:
 * who is cut off between the change and the record has made it all the same.
 */
export function ownVersion(
  { id, version }: Pick<RolloutRecord, 'id' | 'version'>,
  { flag }: Standing,
): number | undefined {
  if (flag === null) return undefined;
  const own = flag.version === version || flag.request?.startsWith(`${id}-`) === true;
  return own ? flag.version : undefined;
}
