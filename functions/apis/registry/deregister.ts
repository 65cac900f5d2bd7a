import { VersionInUse } from '../errors.ts';
import type { ApiRecord } from '../records.ts';
import { changeApi } from './apis.ts';
import { versionOf } from './versions.ts';

const mostNamed = 20;

/**
 * Takes a version out of the registry. Refused while it is the default or consumers are pinned to it; `force` takes those
 * pins back. What it led to is led to by nothing any more. Throws NotFound, VersionInUse.
 */
export function deregisterVersion(
  name: string,
  version: string,
  { force, by }: { force: boolean; by: string },
): Promise<ApiRecord> {
  return changeApi(name, (api) => {
    versionOf(api, version);
    const pinned = Object.keys(api.pins).filter((consumer) => api.pins[consumer] === version);
    const isDefault = api.settings.defaultVersion === version;
    if (isDefault || (pinned.length > 0 && !force)) {
      throw new VersionInUse(
        isDefault
          ? `${name} ${version} is the default version`
          : `${pinned.length} consumers are pinned to ${name} ${version}`,
        {
          evidence: { api: name, version, pinned: pinned.slice(0, mostNamed) },
          action: isDefault
            ? `Set another default first: theseus api set ${name}`
            : 'Pin them to another version; or use force, with a reason, and they get the default.',
        },
      );
    }
    const at = api.versions.findIndex((one) => one.version === version);
    // The chain of changes has lost a link: the version before leads nowhere until somebody says how.
    const versions = api.versions
      .map((one, index) => (index === at - 1 ? { ...one, changes: null } : one))
      .filter((one) => one.version !== version);
    const pins = Object.fromEntries(Object.entries(api.pins).filter(([, to]) => to !== version));
    return {
      set: { versions, pins },
      events: [{ type: 'api.version-deregistered', actor: by, data: { version, unpinned: pinned.length } }],
    };
  });
}
