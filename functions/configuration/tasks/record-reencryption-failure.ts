import { z } from 'zod';
import { readFailure } from '#platform/causes.ts';
import { redactText } from '#platform/redact.ts';
import { task } from '#platform/task.ts';
import { afterFailure, changeActing } from '../secrets/reencryption/execution.ts';
import { isOver, ReencryptionStatus } from '../secrets/reencryption/records.ts';
import { TaskOfReencryption } from '../secrets/reencryption/schemas.ts';

/** Writes down what failed; after a while another execution goes on, until ten failed in a row. */
export const handler = task({
  name: 'record-reencryption-failure',
  input: TaskOfReencryption.extend({ state: z.string(), error: z.string(), cause: z.string() }),
  output: z.strictObject({ status: ReencryptionStatus }),
  async handler({ error, cause, state: _state, ...acting }, { metrics }) {
    const { name, message } = readFailure(error, cause);
    const failure = { name, message: redactText(message).slice(0, 2_000) };
    const { status } = await changeActing(acting, (record) =>
      isOver(record) ? undefined : afterFailure(record, failure),
    );
    if (status === 'needs_attention') metrics.count('NeedsAttention');
    return { status };
  },
});
