import { z } from 'zod';
import { clock } from '#platform/clock.ts';
import { task } from '#platform/task.ts';
import { answerTo, keepToken } from '../decisions/tokens.ts';
import { assertWanted, phasesAfter } from '../executions/history.ts';
import { changeMigration } from '../migration-store.ts';
import { openConstraints } from '../records.ts';
import { WaitingTask } from '../schemas.ts';
import { undecidedRows } from '../undo/consent.ts';

/** Waits for a person: an approver of the plan, or whoever decides on what cannot return on the way back. */
export const handler = task({
  name: 'request-approval',
  input: WaitingTask.extend({ question: z.enum(['approval', 'losses']) }),
  output: z.strictObject({}),
  async handler({ migrationId, question, taskToken }) {
    await changeMigration(migrationId, (record) => {
      assertWanted(record);
      if (question === 'losses') {
        const under = { undoing: 'undo', rolling_back: 'rollback' } as const;
        const kind =
          record.status === 'undoing' || record.status === 'rolling_back' ? under[record.status] : null;
        if (kind === null || answerTo('losses', record) !== undefined) return undefined;
        const data = {
          constraints: openConstraints(record).map(({ constraint }) => constraint),
          overwrites: undecidedRows(record),
        };
        return {
          set: { status: 'waiting_for_decision' },
          events: [{ type: `${kind}.decision_needed`, actor: 'theseus', data }],
        };
      }
      if (record.approval?.decision !== 'waiting' || record.status !== 'running') return undefined;
      return {
        set: {
          status: 'waiting_for_approval',
          phase: 'approve',
          phases: phasesAfter(record.phases, 'approve', record.epoch, clock.iso()),
        },
        events: [
          { type: 'approval.requested', actor: 'theseus', data: { planHash: record.plan?.hash ?? '' } },
        ],
      };
    });
    await keepToken(migrationId, question, taskToken);
    return {};
  },
});
