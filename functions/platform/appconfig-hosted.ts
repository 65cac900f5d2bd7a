import {
  DeleteHostedConfigurationVersionCommand,
  ListDeploymentsCommand,
  ListHostedConfigurationVersionsCommand,
} from '@aws-sdk/client-appconfig';
import type { Profile } from './appconfig.ts';
import { appConfig } from './appconfig-clients.ts';

// Each deployment hosts a version, and AppConfig deletes none of them by itself.

/** Versions that stay whether they are needed or not, and deployments whose versions do. */
const mostKept = 20;
/** Deleted by one run; what is more goes after the next deployment. */
const mostDeleted = 50;
const mostPages = 10;

/** A profile in the one environment that it is deployed to. */
export interface HostingPlace extends Profile {
  environmentId: string;
}

/** The versions of a profile whose labels begin so, newest first. */
async function versionsOf({ ApplicationId, profileId }: HostingPlace, prefix: string): Promise<number[]> {
  const found: number[] = [];
  let token: string | undefined;
  for (let page = 0; page < mostPages; page += 1) {
    const { Items = [], NextToken } = await appConfig().send(
      new ListHostedConfigurationVersionsCommand({
        ApplicationId,
        ConfigurationProfileId: profileId,
        VersionLabel: `${prefix}*`,
        MaxResults: 50,
        NextToken: token,
      }),
    );
    found.push(...Items.flatMap(({ VersionNumber }) => VersionNumber ?? []));
    token = NextToken;
    if (token === undefined) break;
  }
  return found.toSorted((one, other) => other - one);
}

/**
 * Deletes versions of a profile that nobody needs: those of ours, by how their labels begin, beyond the newest 20, but for
 * those that `needed` names and those of the newest 20 deployments, to which a deployment may be taken back. Returns how
 * many; one that cannot be deleted stays for the next run.
 */
export async function deleteOldVersions(
  place: HostingPlace,
  prefix: string,
  needed: readonly number[],
): Promise<number> {
  const old = (await versionsOf(place, prefix)).slice(mostKept);
  if (old.length === 0) return 0;
  const { Items = [] } = await appConfig().send(
    new ListDeploymentsCommand({
      ApplicationId: place.ApplicationId,
      EnvironmentId: place.environmentId,
      MaxResults: mostKept,
    }),
  );
  const deployed = Items.flatMap(({ ConfigurationProfileId: id, ConfigurationVersion: version }) =>
    id === undefined || id === place.profileId ? [Number(version)] : [],
  );
  const kept = new Set([...needed, ...deployed]);
  const gone = old.filter((version) => !kept.has(version)).slice(-mostDeleted);
  const ended = await Promise.allSettled(
    gone.map((VersionNumber) =>
      appConfig().send(
        new DeleteHostedConfigurationVersionCommand({
          ApplicationId: place.ApplicationId,
          ConfigurationProfileId: place.profileId,
          VersionNumber,
        }),
      ),
    ),
  );
  return ended.filter(({ status }) => status === 'fulfilled').length;
}
