import { possibleReleaseActions } from './decisions.ts';
import { standingsOf } from './members.ts';
import type { ReleaseRecord } from './records.ts';
import type { Release } from './schemas.ts';

/** A release as the API shows it, with how its members stand. */
export async function releaseView(record: ReleaseRecord): Promise<Release> {
  const standings = await standingsOf(record.members);
  return {
    id: record.id,
    name: record.request.name ?? null,
    status: record.status,
    waves: record.waves,
    wave: record.wave,
    members: record.members.map(({ service, version, from, wave, deployment }, at) => ({
      service,
      version,
      from,
      wave,
      deployment,
      status: standings[at]?.status ?? null,
      percent: standings[at]?.percent ?? null,
      failure: standings[at]?.failure ?? null,
    })),
    flags: record.flags,
    failure: record.failure,
    needs: record.needs,
    createdBy: record.createdBy,
    createdAt: record.createdAt,
    startedAt: record.startedAt,
    keepsUntil: record.keepsUntil,
    endedAt: record.endedAt,
    next: possibleReleaseActions(record).map((action) => ({
      action,
      path: `/releases/${record.id}/${action}`,
      command: `theseus release ${action} ${record.id}`,
    })),
    request: record.request,
  };
}
