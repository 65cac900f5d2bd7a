import { z } from 'zod';
import type { EnvironmentName } from './environment.ts';

/** What a caller may do. Each role names a duty, not a rank. */
export const role = z.enum(['viewer', 'operator', 'approver', 'administrator']);
export type Role = z.infer<typeof role>;

/**
 * What each role includes. An administrator does everything an operator does but does not approve:
 * approval is a second pair of eyes, so whoever needs both is given both groups on purpose.
 */
const included: Record<Role, readonly Role[]> = {
  viewer: ['viewer'],
  operator: ['operator', 'viewer'],
  approver: ['approver', 'viewer'],
  administrator: ['administrator', 'operator', 'viewer'],
};

/**
 * The roles that groups give in one environment. `theseus:<role>` counts in every environment,
 * `theseus:<environment>:<role>` in that one; other groups give nothing.
 */
export function rolesFromGroups(groups: readonly string[], environment: EnvironmentName): Role[] {
  const given = groups.flatMap((group) => {
    const [product, ...rest] = group.split(':');
    if (product !== 'theseus' || rest.length === 0 || rest.length > 2) return [];
    if (rest.length === 2 && rest[0] !== environment) return [];
    const parsed = role.safeParse(rest.at(-1));
    return parsed.success ? included[parsed.data] : [];
  });
  return role.options.filter((one) => given.includes(one));
}
