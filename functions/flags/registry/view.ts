import type { KillSwitchRecord } from '../kill-switches/record.ts';
import type { FlagSummary, FlagView } from '../schemas.ts';
import { flagOf } from './flags.ts';
import type { Flags, StoredFlag } from './snapshot.ts';

const killedOf = (key: string, { kills }: Pick<KillSwitchRecord, 'kills'>) =>
  Object.hasOwn(kills, key) ? (kills[key] ?? null) : null;

/** A flag as it is shown. Throws NotFound. */
export function flagView(
  environment: string,
  key: string,
  flags: Flags,
  switches: Pick<KillSwitchRecord, 'kills'>,
): FlagView {
  const { flag, version, createdAt, createdBy, updatedAt, updatedBy, why } = flagOf(environment, key, flags);
  return {
    key,
    ...flag,
    version,
    killed: killedOf(key, switches),
    createdAt,
    createdBy,
    updatedAt,
    updatedBy,
    why,
  };
}

/** A flag in a list. */
export const flagSummary = (
  key: string,
  { flag, version, updatedAt }: StoredFlag,
  switches: Pick<KillSwitchRecord, 'kills'>,
): FlagSummary => ({
  key,
  kind: flag.kind,
  form: flag.form.type,
  enabled: flag.enabled,
  killed: killedOf(key, switches) !== null,
  owner: flag.owner,
  tags: flag.tags,
  version,
  updatedAt,
  expires: flag.expires,
});
