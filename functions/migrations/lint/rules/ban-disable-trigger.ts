import { commandsOf } from '../alterations.ts';
import type { Rule } from '../rule.ts';
import { isNew, shown } from '../state.ts';

export const banDisableTrigger: Rule = {
  id: 'ban-disable-trigger',
  severity: 'warning',
  title: 'Triggers are switched off',
  lock: 'SHARE ROW EXCLUSIVE',
  why: 'They are off for every client, not for this session: audits and foreign keys (ALL) miss what is written meanwhile.',
  advice: "For this session alone: SET LOCAL session_replication_role = 'replica', where the role may.",
  check(statement, state) {
    return commandsOf(statement)
      .filter(({ subtype, table }) => subtype.startsWith('AT_DisableTrig') && !isNew(state, table))
      .map(({ table }) => ({ table, message: `Triggers of "${shown(table)}" are off for every client.` }));
  },
};
