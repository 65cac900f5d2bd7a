import { items } from '../../sql/tree.ts';
import type { Rule } from '../rule.ts';

export const banCreateDomainWithConstraint: Rule = {
  id: 'ban-create-domain-with-constraint',
  severity: 'warning',
  title: 'A domain with a constraint',
  lock: null,
  why: 'The constraint cannot be changed later without reading every table that uses the domain, all at once.',
  advice: 'Put the CHECK on the tables; keep the domain a name for a type.',
  check({ kind, body }) {
    const constrained = kind === 'CreateDomainStmt' && items(body, 'constraints').length > 0;
    return constrained ? [{ message: 'The constraint of this domain will be hard to change.' }] : [];
  },
};
