import { z } from 'zod';
import { task } from '#platform/task.ts';
import { withTarget } from '../databases/target.ts';
import { ExecutionSuperseded } from '../errors.ts';
import { takeLease } from '../executions/lease.ts';
import { MigrationId, type Phase } from '../schemas.ts';
import { isToBeCounted } from '../undo/consent.ts';

const Output = z.strictObject({
  status: z.enum(['acquired', 'superseded', 'postponed']),
  epoch: z.int(),
  /** The soft contract was begun: a rollback has to restore what it relaxed. */
  contracted: z.boolean(),
  /** Publishing was begun: new clients may have written what a rollback would lose. */
  published: z.boolean(),
  /** Rows of a backup are to be written over those of now, and somebody has to agree. */
  overwrites: z.boolean(),
});

/**
 * Takes the lease in the record and the fence in the target. From then on whatever still runs with an older epoch is
 * refused by both. `superseded`: another execution acts; `postponed`: a removal has to wait, the record says how long.
 */
export const handler = task({
  name: 'acquire-lock',
  input: z.strictObject({
    migrationId: MigrationId,
    purpose: z.enum(['migration', 'rollback', 'undo', 'removal']),
    executionArn: z.string(),
  }),
  output: Output,
  async handler({ migrationId, purpose, executionArn }): Promise<z.infer<typeof Output>> {
    const lease = await takeLease(migrationId, purpose, executionArn);
    if (lease.status !== 'acquired') {
      if (purpose !== 'migration')
        return { status: lease.status, epoch: 0, contracted: false, published: false, overwrites: false };
      throw new ExecutionSuperseded(`Another execution acts for migration ${migrationId}`, {
        evidence: { migrationId, executionArn },
      });
    }
    const { record } = lease;
    const fence = { migration: migrationId, epoch: record.epoch };
    await withTarget(record, 'lock', (engine) =>
      engine.takeFence(fence, { name: record.name, schema: record.schema, phase: 'lock' }),
    );
    const entered = (phase: Phase) => record.phases.some((run) => run.name === phase);
    return {
      status: 'acquired',
      epoch: record.epoch,
      contracted: entered('contract'),
      published: entered('publish'),
      overwrites: isToBeCounted(record),
    };
  },
});
