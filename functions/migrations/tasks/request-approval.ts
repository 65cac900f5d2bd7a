import { z } from 'zod';
import { clock } from '#platform/clock.ts';
import { task } from '#platform/task.ts';
import { assertWanted, phasesAfter } from '../history.ts';
import { WaitingTask } from '../schemas.ts';
import { changeMigration } from '../store.ts';
import { keepToken } from '../tokens.ts';

/** Waits for a person: an approver of the plan, or whoever decides on what an undo would lose. */
export const handler = task({
  name: 'request-approval',
  input: WaitingTask.extend({ question: z.enum(['approval', 'losses']) }),
  output: z.strictObject({}),
  async handler({ migrationId, question, taskToken }) {
    await changeMigration(migrationId, (record) => {
      assertWanted(record);
      if (question === 'losses') {
        if (record.undo?.decision !== 'none' || record.status !== 'undoing') return undefined;
        return {
          set: { status: 'waiting_for_decision' },
          events: [{ type: 'undo.decision_needed', actor: 'theseus' }],
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
