import { z } from 'zod';
import { task } from '#platform/task.ts';
import { withTargetOf } from '../databases/target.ts';
import { DatabaseReadOnly } from '../errors.ts';

/** Reaches a database before it is registered, so that a wrong secret is refused at once. */
export const handler = task({
  name: 'inspect-database',
  input: z.strictObject({ engine: z.literal('postgresql'), secretArn: z.string() }),
  output: z.strictObject({ version: z.string(), database: z.string(), user: z.string() }),
  handler: (target) =>
    withTargetOf(target, 'theseus:inspect', async (engine) => {
      const { version, database, user, readOnly } = await engine.inspect();
      if (readOnly) {
        throw new DatabaseReadOnly(`${database} is read-only: a standby, or set so`, {
          evidence: { database, user },
          action: 'Register the primary server, with a role that may write.',
        });
      }
      return { version, database, user };
    }),
});
