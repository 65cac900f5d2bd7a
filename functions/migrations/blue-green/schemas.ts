import { z } from 'zod';
import { KeyColumn } from '../plan/key.ts';

/** A webhook that is called in the middle of the switch, and of a switch back. */
const Hook = z.strictObject({ id: z.string(), url: z.string(), types: z.array(z.string()) });
export type Hook = z.infer<typeof Hook>;

/** How a schema is moved: part of the plan an approver approves. */
export const BlueGreenPlan = z.strictObject({
  target: z.strictObject({ id: z.string(), name: z.string() }),
  /** Versions as server_version_num has them. */
  blue: z.strictObject({ version: z.int(), collation: z.string() }),
  green: z.strictObject({ version: z.int(), collation: z.string() }),
  /** Both sides take writes while clients move; else the old one refuses them from the switch on. */
  twoWay: z.boolean(),
  maxLagBytes: z.int(),
  /** What is followed and compared, in the order in which it is locked. */
  tables: z.array(
    z.strictObject({
      name: z.string(),
      key: z.array(KeyColumn),
      columns: z.array(z.string()),
      sameOrder: z.boolean(),
    }),
  ),
  /** The same with every partition. */
  gated: z.array(z.string()),
  hooks: z.array(Hook).optional(),
  /** In the order of the workflow, for its reader. */
  steps: z.array(z.string()),
});
export type BlueGreenPlan = z.infer<typeof BlueGreenPlan>;

const LagFound = z.strictObject({
  keptBytes: z.number().describe('What the publishing server keeps of its log for the other'),
  behindBytes: z.number().nullable().describe('What the other has not applied yet; null: not connected'),
});

/** Where a move between two databases stands. */
export const BlueGreenState = z
  .strictObject({
    target: z.strictObject({ id: z.string(), name: z.string() }),
    serving: z.enum(['blue', 'green']).describe('Whose clients are served: of the old database or the new'),
    switchedAt: z.iso.datetime().nullable(),
    held: z
      .strictObject({ attempts: z.int(), lockWaitMs: z.number(), lockHoldMs: z.number() })
      .nullable()
      .describe('How long writers were held at the switch'),
    lag: z
      .strictObject({ at: z.iso.datetime(), toGreen: LagFound.nullable(), toBlue: LagFound.nullable() })
      .nullable(),
    copyBegun: z.boolean().describe('Definitions were made in the new database'),
    clientsStopped: z
      .boolean()
      .default(false)
      .describe('Hooks were told to stop clients, and not yet that they may go on'),
    parting: z
      .boolean()
      .default(false)
      .describe('Replication is being ended: from here it is only completed'),
    givenUp: z.string().nullable().describe('Why the way back ended before the soak did'),
  })
  .meta({ id: 'BlueGreenState' });
export type BlueGreenState = z.infer<typeof BlueGreenState>;

export const newState = (target: { id: string; name: string }): BlueGreenState => ({
  target,
  serving: 'blue',
  switchedAt: null,
  held: null,
  lag: null,
  copyBegun: false,
  clientsStopped: false,
  parting: false,
  givenUp: null,
});
