import { child, items } from '../../sql/tree.ts';
import { listedName } from '../alterations.ts';
import type { Rule } from '../rule.ts';
import { shown } from '../state.ts';

export const banAlterDomainWithAddConstraint: Rule = {
  id: 'ban-alter-domain-with-add-constraint',
  severity: 'error',
  title: 'A domain gets a constraint',
  lock: 'SHARE',
  work: 'scan',
  why: 'Every table with a column of the domain is locked against writes, all at once, until all their rows have been tested.',
  advice:
    'Put the CHECK on the tables, one by one, NOT VALID first; or ADD CONSTRAINT … NOT VALID on the domain.',
  check({ kind, body }) {
    const adds = kind === 'AlterDomainStmt' && (body.subtype === 'C' || body.subtype === 'O');
    if (!adds || child(child(body, 'def'), 'Constraint')?.skip_validation === true) return [];
    const name = listedName(items(body, 'typeName'));
    return [
      {
        message: `Writes to every table that uses the domain "${name === null ? '' : shown(name)}" wait for the test.`,
      },
    ];
  },
};
