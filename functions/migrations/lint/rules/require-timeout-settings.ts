import { blocksWrites } from '../lock-modes.ts';
import { locksOf } from '../locks.ts';
import type { Rule } from '../rule.ts';
import { isNew, shown } from '../state.ts';

export const requireTimeoutSettings: Rule = {
  id: 'require-timeout-settings',
  aliases: ['require-lock-timeout', 'require-statement-timeout'],
  severity: 'warning',
  title: 'A blocking lock is asked for without lock_timeout',
  lock: null,
  why: 'While the statement waits for its lock behind one long query, every other query on the table waits behind the statement: an outage without an error.',
  advice:
    "Before it: SET lock_timeout = '1s'; SET statement_timeout = '5s'; and try again when it is refused. Only statements that wait for no clients (CONCURRENTLY, VALIDATE) do without.",
  check(statement, state) {
    if (state.timeouts.lock || state.warned.has('timeouts')) return [];
    const blocking = locksOf(statement, state).find(
      ({ table, mode }) => blocksWrites(mode) && !isNew(state, table),
    );
    if (blocking === undefined) return [];
    state.warned.add('timeouts');
    const both = state.timeouts.statement ? '' : ' and no statement_timeout';
    return [
      {
        table: blocking.table,
        message: `No lock_timeout${both} is set before the first lock on "${shown(blocking.table)}" that blocks.`,
      },
    ];
  },
};
