import type { EnvironmentName } from '#platform/environment.ts';
import type { Role } from '#platform/roles.ts';
import { type Action, actionFacts } from './actions.ts';
import type { Permission } from './schemas.ts';

// Who may do what: rights are only ever added up. A role gives its actions on every database that is not restricted, a
// permission gives its actions where it says, and nothing takes away but a restriction, which is no permission.

export interface Who {
  groups: readonly string[];
  roles: readonly Role[];
}

/** A database, as far as rights depend on it. */
export interface DatabaseFacts {
  id: string;
  name: string;
  labels: Readonly<Record<string, string>>;
}
export type Thing = DatabaseFacts | 'platform';

/** Everything that an answer depends on besides who asks and for what. */
export interface AccessRules {
  environment: EnvironmentName;
  /** Epoch ms. */
  now: number;
  permissions: readonly Permission[];
  /** Ids of databases on which roles count for nothing, but that of administrator. */
  restricted: ReadonlySet<string>;
}

const roleGives = ({ roles }: Who, action: Action): boolean => {
  const { role } = actionFacts[action];
  return role !== null && roles.includes(role);
};

/** Whether a permission counts here and now, for anybody. */
const stands = ({ environments, until, revoked }: Permission, { environment, now }: AccessRules): boolean =>
  revoked === null &&
  (environments === undefined || environments.includes(environment)) &&
  (until === undefined || Date.parse(until) > now);

const gives = (permission: Permission, { groups }: Who, action: Action, rules: AccessRules): boolean =>
  permission.actions.includes(action) && groups.includes(permission.group) && stands(permission, rules);

const unlimited = ({ databases, labels }: Permission): boolean =>
  databases === undefined && labels === undefined;

/** Whether a permission is about this thing; one that is limited to databases is never about the platform. */
function concerns(permission: Permission, thing: Thing): boolean {
  if (thing === 'platform') return unlimited(permission);
  const { databases, labels } = permission;
  if (databases !== undefined && !databases.includes(thing.id) && !databases.includes(thing.name)) {
    return false;
  }
  return Object.entries(labels ?? {}).every(([label, value]) => thing.labels[label] === value);
}

/** Whether `who` may do this to the thing. */
export function allows(who: Who, action: Action, thing: Thing, rules: AccessRules): boolean {
  const closed = thing !== 'platform' && rules.restricted.has(thing.id);
  if (roleGives(who, action) && (!closed || who.roles.includes('administrator'))) return true;
  return rules.permissions.some(
    (permission) => gives(permission, who, action, rules) && concerns(permission, thing),
  );
}

/** Whether there may be anything at all that `who` may do this to. */
export const allowsSomewhere = (who: Who, action: Action, rules: AccessRules): boolean =>
  roleGives(who, action) || rules.permissions.some((permission) => gives(permission, who, action, rules));

/** Whether `who` may do this to every database there is, so that none needs to be looked at. */
export const allowsEverywhere = (who: Who, action: Action, rules: AccessRules): boolean =>
  (roleGives(who, action) && (rules.restricted.size === 0 || who.roles.includes('administrator'))) ||
  rules.permissions.some((permission) => gives(permission, who, action, rules) && unlimited(permission));

/** The groups whose members may do this to the thing, for whoever was refused. */
export function groupsThatMay(action: Action, thing: Thing, rules: AccessRules): string[] {
  const closed = thing !== 'platform' && rules.restricted.has(thing.id);
  const { role } = actionFacts[action];
  const byRole = role === null || (closed && role !== 'administrator') ? [] : [`theseus:${role}`];
  const byPermission = rules.permissions.flatMap((permission) =>
    permission.actions.includes(action) && stands(permission, rules) && concerns(permission, thing)
      ? [permission.group]
      : [],
  );
  return [...new Set([...byRole, ...byPermission])];
}
