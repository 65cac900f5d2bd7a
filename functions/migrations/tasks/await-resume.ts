import { z } from 'zod';
import { task } from '#platform/task.ts';
import { LockedTask } from '../schemas.ts';
import { keepToken } from '../tokens.ts';

/** A paused range, or the publish, waits here until someone resumes the migration or asks for a rollback. */
export const handler = task({
  name: 'await-resume',
  input: LockedTask.extend({ waitsFor: z.string().min(1), taskToken: z.string().min(1) }),
  output: z.strictObject({}),
  async handler({ migrationId, waitsFor, taskToken }) {
    await keepToken(migrationId, waitsFor, taskToken);
    return {};
  },
});
