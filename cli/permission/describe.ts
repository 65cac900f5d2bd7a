import type { Permission } from '#migrations/access/schemas.ts';
import { print, printJson } from '../output.ts';

/** Where a permission counts, in a few words. */
export function whereOf({ databases, labels, environments, until }: Permission): string {
  const labelled = Object.entries(labels ?? {}).map(([label, value]) => `${label}=${value}`);
  const chosen = [...(databases ?? []), ...labelled];
  return [
    chosen.length === 0 ? 'every database' : chosen.join(', '),
    ...(environments === undefined ? [] : [`in ${environments.join(', ')}`]),
    ...(until === undefined ? [] : [`until ${until}`]),
  ].join(' ');
}

export function reportPermission(permission: Permission, { json }: { json?: boolean }): void {
  if (json) {
    printJson(permission);
    return;
  }
  const { id, group, actions, reason, grantedBy, grantedAt, revoked } = permission;
  print(`${id}  ${group} may ${actions.join(', ')} on ${whereOf(permission)}`);
  print(`  granted by ${grantedBy} at ${grantedAt}: ${reason}`);
  if (revoked !== null) print(`  revoked by ${revoked.by} at ${revoked.at}: ${revoked.reason}`);
}
