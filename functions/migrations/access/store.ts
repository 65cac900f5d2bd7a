import { clock } from '#platform/clock.ts';
import { currentEnvironment } from '#platform/environment.ts';
import { Conflict, NotFound } from '#platform/errors.ts';
import type { ItemPage, Place } from '#platform/records.ts';
import { deleteItem, keys, readAll, readItem, readPage, writeItem } from '../store.ts';
import type { AccessRules } from './evaluate.ts';
import { type NewPermission, Permission, Restriction } from './schemas.ts';

/** All rules are read for every request, in one go: what is in them has to stay small. */
const mostPermissions = 500;
const mostRestrictions = 1_000;

/** The rules of this moment. A permission that was revoked counts for no request that begins after. */
export async function readAccessRules(): Promise<AccessRules> {
  const { pk } = keys.permissionEntry('');
  const [permissions, restrictions] = await Promise.all([
    readAll(Permission, pk, 'PERMISSION#'),
    readAll(Restriction, pk, 'RESTRICTION#'),
  ]);
  return {
    environment: currentEnvironment(),
    now: clock.now(),
    permissions,
    restricted: new Set(restrictions.map(({ database }) => database.id)),
  };
}

/** Keeps a new permission; it counts at once. Kept twice under one id it is kept once. Throws Conflict when there are too many. */
export async function grantPermission(
  id: string,
  body: NewPermission,
  by: string,
  rules: AccessRules,
): Promise<Permission> {
  const found = await readItem(Permission, keys.permission(id));
  if (found === undefined && rules.permissions.length >= mostPermissions) {
    throw new Conflict(`There are ${mostPermissions} permissions, and no more are kept`, {
      evidence: { limit: mostPermissions },
      action: 'Give permissions to groups rather than to people, by labels rather than by databases.',
    });
  }
  const permission: Permission = found ?? {
    id,
    ...body,
    grantedAt: clock.iso(),
    grantedBy: by,
    revoked: null,
  };
  // A run that takes over gives nothing back that was revoked meanwhile.
  if (permission.revoked !== null) return permission;
  await writeItem(keys.permission(id), { ...permission });
  await writeItem(keys.permissionEntry(id), { ...permission });
  return permission;
}

/** Shows also what was revoked. Throws NotFound. */
export async function readPermission(id: string): Promise<Permission> {
  const found = await readItem(Permission, keys.permission(id));
  if (found !== undefined) return found;
  throw new NotFound(`There is no permission ${id}`, {
    evidence: { id },
    action: 'List them with `theseus permission list`.',
  });
}

/** Ends a permission; revoked twice it stays as it was revoked first. Throws NotFound. */
export async function revokePermission(
  id: string,
  { by, reason }: { by: string; reason: string },
): Promise<Permission> {
  const permission = await readPermission(id);
  // First it ceases to count: cut off between, the same call finishes the rest.
  await deleteItem(keys.permissionEntry(id));
  if (permission.revoked !== null) return permission;
  const revoked = { ...permission, revoked: { at: clock.iso(), by, reason } };
  await writeItem(keys.permission(id), revoked);
  return revoked;
}

/** Permissions that were not revoked, in no particular order. */
export function listPermissions(limit: number, from: Place | undefined): Promise<ItemPage<Permission>> {
  return readPage(Permission, { pk: keys.permissionEntry('').pk, prefix: 'PERMISSION#', limit, from });
}

/** Closes a database to the roles below administrator, or opens it again. Throws Conflict when too many are closed. */
export async function restrictDatabase(restriction: Restriction, rules: AccessRules): Promise<void> {
  const key = keys.restriction(restriction.database.id);
  if (!restriction.restricted) {
    await deleteItem(key);
    return;
  }
  if (!rules.restricted.has(restriction.database.id) && rules.restricted.size >= mostRestrictions) {
    throw new Conflict(`There are ${mostRestrictions} restricted databases, and no more are kept`, {
      evidence: { limit: mostRestrictions },
      action: 'Leave the roles to those who may work on all, and give the others permissions by labels.',
    });
  }
  await writeItem(key, { ...restriction });
}
