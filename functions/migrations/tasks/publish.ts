import { z } from 'zod';
import { task } from '#platform/task.ts';
import { publishVersion } from '../databases/publishing.ts';
import { enterPhase } from '../executions/history.ts';
import { LockedTask } from '../schemas.ts';

const Output = z.strictObject({ status: z.enum(['done', 'paused']), soakSeconds: z.int() });

/** Creates the new version's schema of views. A pause asked for before this moment is kept here. */
export const handler = task({
  name: 'publish',
  input: LockedTask,
  output: Output,
  async handler(input, tools): Promise<z.infer<typeof Output>> {
    // Whoever pauses before this write is seen here; afterwards pause is refused.
    const { options, status } = await enterPhase(input.migrationId, input.epoch, 'publish');
    if (status === 'paused') return { status: 'paused', soakSeconds: options.soakSeconds };
    await publishVersion(input, tools);
    return { status: 'done', soakSeconds: options.soakSeconds };
  },
});
