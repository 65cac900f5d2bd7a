import type { Step } from '../../../plan/schemas.ts';
import type { Fence, RunOptions, StepResult } from '../../engine.ts';
import type { Session } from '../connection.ts';
import type { SessionOptions } from '../settings.ts';
import { createIndex, dropIndex } from './indexes.ts';
import { type LongWork, runLong } from './long.ts';
import { runTransaction } from './transaction.ts';
import { validateConstraint } from './validate.ts';

type OpenStep = (options: Omit<SessionOptions, 'applicationName'>) => Promise<Session>;

/** Runs one step on a session of its own; see the files of each kind. */
export async function runStep(
  open: OpenStep,
  step: Step,
  fence: Fence,
  options: RunOptions,
): Promise<StepResult> {
  if (step.kind === 'transaction') {
    const session = await open({});
    try {
      return await runTransaction(session, step, fence, options);
    } finally {
      await session.close();
    }
  }
  // An index may name operator classes and functions of the user.
  const schema = step.kind === 'drop_index' ? step.schema : step.table.schema;
  return runLong(() => open({ long: true, schema }), step.id, fence, options, longWork(step));
}

function longWork(step: Exclude<Step, { kind: 'transaction' }>): LongWork {
  switch (step.kind) {
    case 'create_index':
      return createIndex(step);
    case 'drop_index':
      return dropIndex(step);
    case 'validate':
      return validateConstraint(step);
  }
}
