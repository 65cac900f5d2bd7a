import { readKillSwitches } from '../kill-switches/record.ts';
import type { Publication } from '../records.ts';
import type { EnvironmentView, PublicationView } from '../schemas.ts';
import { readEnvironment } from './environments.ts';

function publicationView({ revision, deployed, deploying, refused }: Publication): PublicationView {
  const rolledBack = refused?.revision === revision ? refused : null;
  const reached = Math.max(deployed?.revision ?? 0, deploying?.revision ?? 0);
  return {
    revision,
    deployed: deployed?.revision ?? null,
    deploying:
      deploying === null
        ? null
        : { revision: deploying.revision, percentage: deploying.percentage, since: deploying.since },
    queued: revision > reached && rolledBack === null,
    rolledBack,
  };
}

const summaryOf = (document: string, { drift }: Publication): EnvironmentView['drift'] =>
  drift === null ? [] : [{ document, since: drift.since, differences: drift.differences.length }];

/** An environment as it is shown. Throws NotFound. */
export async function environmentStatus(environment: string): Promise<EnvironmentView> {
  const record = await readEnvironment(environment);
  const switches = await readKillSwitches(environment);
  return {
    name: record.id,
    ...record.settings,
    flags: record.flags,
    killed: Object.keys(switches.kills),
    ...publicationView(record.publication),
    killSwitches: publicationView(switches.publication),
    drift: [
      ...summaryOf(environment, record.publication),
      ...summaryOf(`${environment}-kill-switches`, switches.publication),
    ],
    createdAt: record.createdAt,
    updatedAt: record.updatedAt,
  };
}
