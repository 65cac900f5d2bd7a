import type { RecordChange } from '#platform/workflow-record.ts';
import { deployedAnew } from '../drift/detect.ts';
import { changeKillSwitches } from '../kill-switches/kill.ts';
import { type KillSwitchRecord, readKillSwitches } from '../kill-switches/record.ts';
import { isUnsettled, retried } from '../publishing/progress.ts';
import type { EnvironmentRecord, Publication } from '../records.ts';
import type { Reason } from '../registry/change-flags.ts';
import { changeEnvironment } from './environments.ts';

function again(publication: Publication, { by, why }: Reason) {
  const { drift } = publication;
  const next =
    drift === null || isUnsettled(publication)
      ? retried(publication)
      : { ...publication, ...deployedAnew(publication, drift) };
  if (next === publication) return undefined;
  const events = [{ type: 'flags.redeployed', actor: by, data: { revision: next.revision, why } }];
  return { set: { publication: next }, events };
}

/** Lets what was taken back, or deployed over by somebody else, be deployed again; what was not stays as it is. Throws NotFound, RecordContended. */
export async function redeploy(environment: string, reason: Reason): Promise<void> {
  await changeEnvironment(environment, ({ publication }): RecordChange<EnvironmentRecord> | undefined =>
    again(publication, reason),
  );
  if ((await readKillSwitches(environment)).publication.revision === 0) return;
  await changeKillSwitches(environment, ({ publication }): RecordChange<KillSwitchRecord> | undefined =>
    again(publication, reason),
  );
}
