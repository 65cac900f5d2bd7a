import { z } from 'zod';
import { longestTargetingKey } from './limits.ts';

const FlagName = z.string().min(1).max(256);
const VariantName = z.string().min(1).max(256);
const TargetingKey = z.string().min(1).max(longestTargetingKey);

/** Which variants their evaluation gave to users; the answer says which ones they keep. */
export const AssignmentAsk = z
  .strictObject({
    asks: z
      .array(z.strictObject({ flag: FlagName, targetingKey: TargetingKey, variant: VariantName }))
      .min(1)
      .max(100),
  })
  .meta({ id: 'FlagAssignmentAsk' });
export type AssignmentAsk = z.infer<typeof AssignmentAsk>;

export const Assignments = z
  .strictObject({
    assignments: z
      .array(
        z.strictObject({
          flag: FlagName,
          targetingKey: TargetingKey,
          variant: VariantName,
          sticky: z.boolean().describe('False where the flag is no sticky experiment: nothing is kept'),
        }),
      )
      .describe('In the order in which they were asked for'),
  })
  .meta({ id: 'FlagAssignments' });
export type Assignments = z.infer<typeof Assignments>;
