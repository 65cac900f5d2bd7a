import { type EnvironmentRecord, type Publication, unpublished } from '../records.ts';
import type { EnvironmentView, PublicationView } from '../schemas.ts';

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

/** An environment as it is shown. */
export const environmentView = (record: EnvironmentRecord): EnvironmentView => ({
  name: record.id,
  ...record.settings,
  flags: 0,
  killed: [],
  ...publicationView(record.publication),
  killSwitches: publicationView(unpublished),
  createdAt: record.createdAt,
  updatedAt: record.updatedAt,
});
