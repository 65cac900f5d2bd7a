import type { AccessControl } from './access.ts';
import { Forbidden, Internal } from './errors.ts';
import type { Role } from './roles.ts';

/** Who may do what where roles alone decide: each action of a capability, and the role that has it. */
export function accessByRole(roleOf: Readonly<Record<string, Role>>): AccessControl {
  return {
    async admit(caller, { action }) {
      const role = roleOf[action];
      if (role === undefined)
        throw new Internal(`No role has the action ${action}`, { evidence: { action } });
      if (!caller.roles.includes(role)) {
        throw new Forbidden(`${caller.subject} may not ${action} here`, {
          evidence: { action, needed: role, roles: caller.roles },
          action: `Ask a member of theseus:${role} to do it, or an administrator for that group.`,
        });
      }
      return async () => ({});
    },
  };
}
